#include "vfs/manifest/signed_header.h"

#include <utility>

#include "vfs/manifest/header.h"
#include "vfs/manifest/rfc3339.h"
#include "vfs/manifest/signature_check.h"

namespace signedvfs {
namespace {

constexpr std::string_view kDomain{"signedvfs manifest v1\0", 22};

// key_of returns the policy's key that `signature` names, after checking that it signed `parts`.
Result<const PublicKey*> key_of(const Signature& signature, const ManifestParts& parts,
                                const TrustPolicy& policy) {
  for (const PublicKey& key : policy.keys) {
    if (key.fingerprint() != signature.fingerprint) continue;
    SIGNEDVFS_ASSIGN(const std::string message, signed_message(parts.header));
    SIGNEDVFS_TRY(key.check(bytes_of(message), signature.value));
    return &key;
  }
  return nullptr;
}

Status check_times(const Attributes& attributes, std::int64_t now) {
  if (attributes.not_before && now < *attributes.not_before) {
    return {Errc::kNotYetValid, "valid from " + format_utc(*attributes.not_before) +
                                    " on, but it is " + format_utc(now) + "; is the clock right?"};
  }
  if (attributes.expires && now >= *attributes.expires) {
    return {Errc::kExpired, "expired at " + format_utc(*attributes.expires) + ", and it is " +
                                format_utc(now) + "; get a newer release, or sign it again"};
  }
  return {};
}

}  // namespace

Result<std::string> signed_message(std::string_view header) {
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(HashType::kSha256, bytes_of(header)));
  return std::string(kDomain).append(text_of(digest.value()));
}

Status check_identity(const Attributes& attributes, const TrustPolicy& policy) {
  const std::string name = attributes.name.value_or("");
  const std::string shown = attributes.name ? in_quotes(name) : "no name";
  if (policy.names && (!attributes.name || policy.names->count(name) == 0)) {
    std::string allowed;
    for (const std::string& one : *policy.names) {
      allowed += (allowed.empty() ? "" : ", ") + in_quotes(one);
    }
    return {Errc::kWrongName, "signed as " + shown + " where the policy wants " +
                                  (allowed.empty() ? "a name but allows none" : allowed)};
  }
  auto minimum = policy.min_serial.find(name);
  if (minimum == policy.min_serial.end()) minimum = policy.min_serial.find("");
  const std::uint64_t serial = attributes.serial.value_or(0);
  if (minimum != policy.min_serial.end() && serial < minimum->second) {
    return {Errc::kRollback, "serial " + std::to_string(serial) + " where the policy wants " +
                                 std::to_string(minimum->second) +
                                 " at least: an older release has been put in place"};
  }
  return {};
}

// Whoever can put files into a tree could make a manifest for one of several roots that of another
// directory: what was signed to stand outside never counts inside.
Status check_attached(const Attributes& attributes) {
  if (attributes.roots.empty()) return {};
  return {Errc::kWrongRoot,
          "this manifest was signed to stand outside of the directories that it lists (@roots), "
          "and it is inside of one"};
}

Result<SignedHeader> check_header(const ManifestParts& parts, const TrustPolicy& policy) {
  SIGNEDVFS_TRY(policy.validate());
  SignedHeader out;
  SIGNEDVFS_ASSIGN(out.signers,
                   check_signatures(
                       parts.signatures, policy,
                       [&](const Signature& line) { return refuse_revoked(line, policy); },
                       [&](const Signature& line) { return key_of(line, parts, policy); }));
  SIGNEDVFS_ASSIGN(out.fields, parse_header(parts.header));
  SIGNEDVFS_TRY(check_identity(out.fields.attributes, policy));
  SIGNEDVFS_TRY(check_times(out.fields.attributes, policy.now()));
  out.text = parts.header;
  out.signatures = parts.signatures;
  return out;
}

}  // namespace signedvfs
