#include "vfs/signing/statement.h"

#include <map>
#include <optional>
#include <utility>

#include "vfs/index/builder.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/signed_header.h"
#include "vfs/manifest/text.h"

namespace signedvfs {
namespace {

// index_of returns the index of an archive that was written as `contents` says. Where bytes stand
// in front of it, they are signed, and offsets count from the first of them.
Result<Index> index_of(const Contents& contents, HashType type) {
  IndexBuilder builder(type);
  for (const auto& [name, member] : contents.members) {
    SIGNEDVFS_TRY(builder.add(
        name, {member.offset, member.stored_size, member.size, member.method, member.stored}));
  }
  return std::move(builder).finish();
}

// differences names what tells two statements apart, for people.
std::string differences(const HeaderFields& former, const HeaderFields& now) {
  std::string out;
  const auto compare = [&](const char* what, const auto& a, const auto& b) {
    if (!(a == b)) out += (out.empty() ? "" : ", ") + std::string(what);
  };
  compare("the members or their content", std::pair(former.body, former.members),
          std::pair(now.body, now.members));
  compare("the hash", former.hash_type, now.hash_type);
  compare("name", former.attributes.name, now.attributes.name);
  compare("serial", former.attributes.serial, now.attributes.serial);
  compare("not_before", former.attributes.not_before, now.attributes.not_before);
  compare("expires", former.attributes.expires, now.attributes.expires);
  compare("the roots", former.attributes.roots, now.attributes.roots);
  compare("the recorded order", former.attributes.order, now.attributes.order);
  compare("the bytes in front", former.attributes.prefix, now.attributes.prefix);
  if (out.empty() || former.index.has_value() != now.index.has_value()) {
    compare("the index", former.index, now.index);
  }
  return out;
}

// check_same requires that `header` is what others have signed already.
Status check_same(const Existing& existing, const std::string& header) {
  // The header commits to the member lines: equal headers are equal statements.
  if (header == existing.header_text) return {};
  SIGNEDVFS_ASSIGN(const HeaderFields now, parse_header(header));
  return Status(Errc::kUsage,
                "the other signatures cannot be kept, because they cover another statement "
                "than this would be; what differs: " +
                    differences(existing.header, now))
      .advising(
          "Sign exactly what they cover, or leave --keep-signatures (keep_signatures) out and have "
          "the others sign the result.");
}

}  // namespace

Result<Statement> state(const Contents& contents, const Intent& intent,
                        const std::vector<PrivateKey>& keys) {
  std::map<std::string, Digest> digests;
  for (const auto& [name, member] : contents.members) {
    digests.emplace_hint(digests.end(), name, member.content);
  }
  SIGNEDVFS_ASSIGN(const std::string body, encode_body(intent.hash_type, digests));
  Statement out;
  out.hash_type = intent.hash_type;
  out.attributes = intent.attributes;
  out.attributes.prefix = contents.prefix;
  out.has_index = intent.index.value_or(contents.members.size() >= kIndexedFrom);
  std::optional<Index> index;
  if (out.has_index) {
    SIGNEDVFS_ASSIGN(index, index_of(contents, intent.hash_type));
  }
  SIGNEDVFS_ASSIGN(const std::string header,
                   encode_header(intent.hash_type, out.attributes, body,
                                 index ? std::optional(index->root) : std::nullopt));

  std::vector<Signature> signatures;
  if (intent.co_signs) {
    SIGNEDVFS_TRY(check_same(*intent.co_signs, header));
    for (const Signature& signature : intent.co_signs->signatures) {
      if (is_by_one_of(signature, keys)) continue;
      signatures.push_back(signature);
      out.kept.push_back(signature.fingerprint);
    }
  }
  SIGNEDVFS_ASSIGN(const std::string message, signed_message(header));
  for (const PrivateKey& key : keys) {
    SIGNEDVFS_ASSIGN(std::vector<std::byte> value, key.sign(bytes_of(message)));
    signatures.push_back({key.public_key().fingerprint(), std::move(value)});
  }
  for (const Signature& signature : signatures) out.signers.push_back(signature.fingerprint);
  out.service_members.manifest = encode_manifest(signatures, header, body);
  if (index) {
    const std::size_t size = out.service_members.manifest.size();
    out.service_members.index = index_text(*index, size, size - body.size());
  }
  return out;
}

void tell(const Statement& statement, const Intent& intent, SignReport& report) {
  report.added = !statement.kept.empty();
  report.attributes = statement.attributes;
  report.hash_type = statement.hash_type;
  report.has_index = statement.has_index;
  report.signers = statement.signers;
  report.kept = statement.kept;
  report.carried_over = intent.carried_over;
  report.dropped = intent.dropped;
  report.warnings.insert(report.warnings.end(), intent.warnings.begin(), intent.warnings.end());
}

TrustPolicy policy_of(const std::vector<PrivateKey>& keys, const Attributes& attributes) {
  TrustPolicy policy;
  for (const PrivateKey& key : keys) policy.keys.push_back(key.public_key());
  policy.threshold = static_cast<int>(keys.size());
  std::int64_t moment = 0;
  if (attributes.expires) moment = *attributes.expires - 1;
  if (attributes.not_before) moment = *attributes.not_before;
  policy.now = [moment] { return moment; };
  return policy;
}

Status check_name(const Attributes& attributes) {
  if (!attributes.name) return {};
  Attributes alone;
  alone.name = attributes.name;
  const auto header = encode_header(HashType::kSha256, alone, {});
  if (header.ok()) return {};
  if (header.code() == Errc::kCrypto) return header.status();
  // What the grammar says of its text would be said as if of an archive that somebody received.
  constexpr std::size_t kShown = 64;
  return {Errc::kUsage,
          "the product name " + in_quotes(attributes.name->substr(0, kShown)) +
              (attributes.name->size() > kShown ? "..." : "") +
              " cannot be signed: give one of 1 to 255 bytes, written like a member's "
              "path, such as 'myapp'"};
}

Status check_keys(const std::vector<PrivateKey>& keys) {
  if (keys.empty()) return {Errc::kUsage, "no key to sign with: make one with `signedvfs keygen`"};
  return policy_of(keys, {}).validate();
}

}  // namespace signedvfs
