#include "vfs/manifest/launch_rules.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/base/byte_builder.h"
#include "archive/base/byte_cursor.h"
#include "vfs/crypto/digest.h"

namespace signedvfs {
namespace {

using Texts = std::set<std::string>;

constexpr std::uint16_t kShowsInfo = 1;
constexpr std::uint16_t kVerifiesAll = 2;
constexpr std::uint16_t kHardened = 4;

constexpr std::uint8_t kHasNames = 1;
constexpr std::uint8_t kHasMinSerial = 2;
constexpr std::uint8_t kHasMaxSerial = 4;
constexpr std::uint8_t kHasNotAfter = 8;

// More keys than fit, so that the number of them is one of an int.
constexpr std::uint32_t kMostThreshold = kLaunchSectionSize;

Status broken(std::string what) {
  return Status(Errc::kBadRecord, "the launcher's rules are damaged: " + std::move(what))
      .advising("Do not run this copy; build the application anew, or ask for a fresh one.");
}

bool is_library_name(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

// check_native holds NativeRules to what TrustPolicy wants of them in Python.
Status check_native(const NativeRules& native) {
  for (const Texts* const names : {&native.libraries, &native.preloads}) {
    for (const std::string& name : *names) {
      if (!is_library_name(name)) {
        return {Errc::kUsage, in_quotes(name) + " is no name of a library, such as 'libodbc.so.2'"};
      }
    }
  }
  const std::string& directory = native.directory;
  if (!directory.empty() &&
      (!directory.starts_with('/') || directory.find('\0') != std::string::npos)) {
    return {Errc::kUsage,
            "the directory for libraries " + in_quotes(directory) + " is no absolute path"};
  }
  return {};
}

// check_rules refuses what no section can state, apart from too much of it.
Status check_rules(const LaunchRules& rules) {
  const TrustPolicy& policy = rules.policy;
  SIGNEDVFS_TRY(policy.validate());
  if (policy.keys.empty()) {
    return {Errc::kUsage, "the policy trusts no key, so the application would refuse to start"};
  }
  if (policy.legacy) {
    return {Errc::kUsage,
            "a launcher takes no manifests that signedimp made: their MD5 and SHA-1 "
            "can be forged (legacy)"};
  }
  using Clock = decltype(&system_clock_seconds);
  const Clock* const clock = policy.now.target<Clock>();
  if (clock == nullptr || *clock != &system_clock_seconds) {
    return {Errc::kUsage, "a launcher goes by the system's clock, and can be given no other"};
  }
  if (rules.hardened && !policy.native.preloads.empty()) {
    return {Errc::kUsage, "the policy allows " + in_quotes(*policy.native.preloads.begin()) +
                              " to be preloaded, and nothing is preloaded into what is hardened"};
  }
  return check_native(policy.native);
}

std::uint16_t flags_of(const LaunchRules& rules) {
  return static_cast<std::uint16_t>((rules.shows_info ? kShowsInfo : 0U) |
                                    (rules.verifies_all ? kVerifiesAll : 0U) |
                                    (rules.hardened ? kHardened : 0U));
}

void put_text(ByteBuilder& out, std::string_view text) { out.u16(text.size()).text(text); }

void put_list(ByteBuilder& out, const Texts& texts) {
  out.u16(texts.size());
  for (const std::string& text : texts) put_text(out, text);
}

void put_key(ByteBuilder& out, const TrustedKey& trusted) {
  const KeyScope& scope = trusted.scope;
  put_text(out, text_of(trusted.key.der()));
  out.u8((scope.names ? kHasNames : 0U) | (scope.min_serial ? kHasMinSerial : 0U) |
         (scope.max_serial ? kHasMaxSerial : 0U) | (scope.not_after ? kHasNotAfter : 0U));
  if (scope.names) put_list(out, *scope.names);
  if (scope.min_serial) out.u64(*scope.min_serial);
  if (scope.max_serial) out.u64(*scope.max_serial);
  if (scope.not_after) out.u64(static_cast<std::uint64_t>(*scope.not_after));
}

// payload_of returns the payload, whose numbers are cut short where it has no room anyway: each of
// what they count takes more than a byte.
ByteBuilder payload_of(const TrustPolicy& policy) {
  ByteBuilder out;
  out.u32(static_cast<std::uint64_t>(policy.threshold)).u16(policy.keys.size());
  for (const TrustedKey& trusted : policy.keys) put_key(out, trusted);
  out.u8(policy.names ? 1 : 0);
  if (policy.names) put_list(out, *policy.names);
  out.u16(policy.min_serial.size());
  for (const auto& [name, serial] : policy.min_serial) {
    put_text(out, name);
    out.u64(serial);
  }
  put_list(out, policy.revoked);
  put_list(out, policy.native.libraries);
  put_list(out, policy.native.preloads);
  put_text(out, policy.native.directory);
  return out;
}

// The get_ functions leave what the cursor finds missing to its `ok`. What is out of order, or
// there twice, comes out in another order than it went in: decode_launch_rules compares.

std::string get_text(ByteCursor& in) { return std::string(in.text(in.u16())); }

Texts get_list(ByteCursor& in) {
  Texts out;
  for (std::size_t left = in.u16(); left > 0 && in.ok(); --left) out.insert(get_text(in));
  return out;
}

KeyScope get_scope(ByteCursor& in) {
  KeyScope scope;
  const std::uint8_t has = in.u8();
  if ((has & kHasNames) != 0) scope.names = get_list(in);
  if ((has & kHasMinSerial) != 0) scope.min_serial = in.u64();
  if ((has & kHasMaxSerial) != 0) scope.max_serial = in.u64();
  if ((has & kHasNotAfter) != 0) scope.not_after = static_cast<std::int64_t>(in.u64());
  return scope;
}

Result<TrustPolicy> get_policy(ByteCursor& in) {
  TrustPolicy policy;
  const std::uint32_t threshold = in.u32();
  if (threshold > kMostThreshold) return broken("they want more keys than there can be");
  policy.threshold = static_cast<int>(threshold);
  const std::uint16_t keys = in.u16();
  for (std::size_t i = 0; i < keys; ++i) {
    const auto der = in.take(in.u16());
    const KeyScope scope = get_scope(in);
    if (!in.ok()) return broken("the keys do not fit into the section");
    auto key = PublicKey::from_der(der);
    if (!key.ok()) {
      return std::move(key).status().in("key " + std::to_string(i + 1) + " of the launcher");
    }
    policy.keys.emplace_back(std::move(key).value(), scope);
  }
  if (in.u8() != 0) policy.names = get_list(in);
  for (std::size_t left = in.u16(); left > 0 && in.ok(); --left) {
    std::string name = get_text(in);
    policy.min_serial.emplace(std::move(name), in.u64());
  }
  policy.revoked = get_list(in);
  policy.native.libraries = get_list(in);
  policy.native.preloads = get_list(in);
  policy.native.directory = get_text(in);
  if (!in.ok()) return broken("the policy does not fit into the section");
  if (in.remaining() != 0) return broken("there are bytes behind the policy");
  return policy;
}

Result<Digest> launch_digest(std::span<const std::byte> section) {
  return digest_of(HashType::kSha256, section.first(kLaunchDigestAt));
}

// check_frame looks at all but the payload and the zeros behind it.
Status check_frame(std::span<const std::byte> section) {
  if (section.size() != kLaunchSectionSize) {
    return broken("their section has " + std::to_string(section.size()) + " bytes and not " +
                  std::to_string(kLaunchSectionSize));
  }
  if (is_unpatched_launch_section(section)) {
    return Status(Errc::kNoTrustedKey,
                  "the launcher was never given a key, so there is nothing that it may run")
        .advising("Make an application of it with 'signedvfs build'.");
  }
  ByteCursor in(section);
  if (in.text(kLaunchMagic.size()) != kLaunchMagic) {
    return broken("their section does not begin as it has to");
  }
  SIGNEDVFS_ASSIGN(const Digest digest, launch_digest(section));
  if (!std::ranges::equal(digest.value(), section.subspan(kLaunchDigestAt))) {
    return broken("their section does not have the SHA-256 that it states");
  }
  if (in.u16() != kLaunchFormat) {
    return Status(Errc::kBadRecord,
                  "the launcher's rules are in a format that this version does not know")
        .advising("Look at it with a newer signedvfs.");
  }
  if ((in.u16() & ~(kShowsInfo | kVerifiesAll | kHardened)) != 0) {
    return broken("they have a flag that is not known");
  }
  if (in.u32() > kLaunchPayloadRoom) return broken("their size is larger than the section");
  return {};
}

}  // namespace

bool is_unpatched_launch_section(std::span<const std::byte> section) noexcept {
  static constexpr auto kUnpatched = unpatched_launch_section();
  return std::ranges::equal(section, std::as_bytes(std::span(kUnpatched)));
}

Result<std::string> encode_launch_rules(const LaunchRules& rules) {
  SIGNEDVFS_TRY(check_rules(rules));
  const ByteBuilder payload = payload_of(rules.policy);
  if (payload.size() > kLaunchPayloadRoom) {
    return Status(Errc::kUsage, "the policy takes " + std::to_string(payload.size()) +
                                    " bytes, and a launcher has room for " +
                                    std::to_string(kLaunchPayloadRoom))
        .advising("Give it fewer keys, names or revoked fingerprints, or smaller keys.");
  }
  ByteBuilder front;
  front.text(kLaunchMagic)
      .u16(kLaunchFormat)
      .u16(flags_of(rules))
      .u32(payload.size())
      .text(text_of(payload.bytes()));
  std::string section(text_of(front.bytes()));
  section.resize(kLaunchSectionSize, '\0');
  SIGNEDVFS_ASSIGN(const Digest digest, launch_digest(bytes_of(section)));
  section.replace(kLaunchDigestAt, digest.value().size(), text_of(digest.value()));
  return section;
}

Result<LaunchRules> decode_launch_rules(std::span<const std::byte> section) {
  SIGNEDVFS_TRY(check_frame(section));
  ByteCursor in(section.subspan(kLaunchMagic.size() + sizeof(std::uint16_t)));
  const std::uint16_t flags = in.u16();
  const std::uint32_t size = in.u32();
  ByteCursor payload(in.take(size));
  LaunchRules rules;
  SIGNEDVFS_ASSIGN(rules.policy, get_policy(payload));
  rules.shows_info = (flags & kShowsInfo) != 0;
  rules.verifies_all = (flags & kVerifiesAll) != 0;
  rules.hardened = (flags & kHardened) != 0;
  // Whatever is not as it would be written - an order, a flag, a byte that is not zero, a policy
  // that is not valid - is found here, in one comparison.
  Result<std::string> again = encode_launch_rules(rules);
  if (again.code() == Errc::kUsage) return broken(std::move(again).status().what());
  if (!again.ok()) return std::move(again).status();
  if (*again != text_of(section)) return broken("they are not written in the one way they can be");
  return rules;
}

}  // namespace signedvfs
