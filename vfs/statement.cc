#include "vfs/statement.h"

#include <algorithm>
#include <map>
#include <utility>

#include "vfs/index_builder.h"

namespace signedvfs {
namespace {

Attributes merged(const Attributes& wanted, const Attributes& fallback) {
  Attributes out = wanted;
  if (!out.expires) out.expires = fallback.expires;
  if (!out.name) out.name = fallback.name;
  if (!out.not_before) out.not_before = fallback.not_before;
  if (!out.serial) out.serial = fallback.serial;
  return out;
}

bool is_by_one_of(const Signature& signature, const std::vector<PrivateKey>& keys) {
  return std::any_of(keys.begin(), keys.end(), [&](const PrivateKey& key) {
    return key.public_key().fingerprint() == signature.fingerprint;
  });
}

Result<bool> is_own(const Existing& existing, const std::vector<PrivateKey>& keys) {
  SIGNEDVFS_ASSIGN(const std::string message, signed_message(existing.header_text));
  for (const PrivateKey& key : keys) {
    for (const Signature& signature : existing.signatures) {
      if (key.public_key().fingerprint() != signature.fingerprint) continue;
      const Status status = key.public_key().check(bytes_of(message), signature.value);
      if (status.ok()) return true;
      if (status.code() != Errc::kBadSignature) return status;
    }
  }
  return false;
}

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

Status check_period(const Attributes& attributes) {
  if (!attributes.not_before || !attributes.expires ||
      *attributes.not_before < *attributes.expires) {
    return {};
  }
  return {Errc::kUsage, "it would never be valid: it expires before it becomes valid"};
}

}  // namespace

Result<std::optional<Existing>> read_existing(const Container& container,
                                              const std::vector<PrivateKey>& keys,
                                              const Limits& limits) {
  auto text = container.read(kManifestName);
  if (text.code() == Errc::kNotFound) return std::optional<Existing>();
  if (!text.ok()) return std::move(text).status();
  auto parts = split_manifest(text_of(std::as_const(*text).bytes()), limits);
  if (!parts.ok()) return std::optional<Existing>();
  auto header = parse_header(parts->header);
  if (!header.ok()) return std::optional<Existing>();
  Existing out{std::move(parts->signatures), std::string(parts->header), *header};
  SIGNEDVFS_ASSIGN(out.own, is_own(out, keys));
  return std::optional<Existing>(std::move(out));
}

Result<Statement> state(const Contents& contents, HashType hash_type, const Attributes& wanted,
                        const std::optional<Existing>& existing, std::optional<bool> index,
                        const std::vector<PrivateKey>& keys) {
  std::map<std::string, Digest> digests;
  for (const auto& [name, member] : contents.members) {
    digests.emplace_hint(digests.end(), name, member.content);
  }
  SIGNEDVFS_ASSIGN(const std::string body, encode_body(hash_type, digests));
  std::optional<Index> made;
  const auto header_with = [&](const Attributes& fallback, bool indexed,
                               Attributes& out) -> Result<std::string> {
    out = merged(wanted, fallback);
    out.prefix = contents.prefix;
    if (!indexed) return encode_header(hash_type, out, body);
    if (!made) {
      SIGNEDVFS_ASSIGN(made, index_of(contents, hash_type));
    }
    return encode_header(hash_type, out, body, made->root);
  };

  Statement out;
  std::string header;
  bool indexed = false;
  if (existing) {
    indexed = index.value_or(existing->header.index.has_value());
    SIGNEDVFS_ASSIGN(header, header_with(existing->header.attributes, indexed, out.attributes));
    // The header commits to the member lines: equal headers are equal statements.
    out.added = header == existing->header_text;
  }
  if (!out.added) {
    const bool keeps = existing && existing->own;
    indexed = index.value_or(contents.members.size() >= kIndexedFrom);
    SIGNEDVFS_ASSIGN(header, header_with(keeps ? existing->header.attributes : Attributes(),
                                         indexed, out.attributes));
  }
  SIGNEDVFS_TRY(check_period(out.attributes));

  std::vector<Signature> signatures;
  if (existing && out.added) {
    std::copy_if(existing->signatures.begin(), existing->signatures.end(),
                 std::back_inserter(signatures),
                 [&](const Signature& signature) { return !is_by_one_of(signature, keys); });
  }
  SIGNEDVFS_ASSIGN(const std::string message, signed_message(header));
  for (const PrivateKey& key : keys) {
    SIGNEDVFS_ASSIGN(std::vector<std::byte> value, key.sign(bytes_of(message)));
    signatures.push_back({key.public_key().fingerprint(), std::move(value)});
  }
  for (const Signature& signature : signatures) out.signers.push_back(signature.fingerprint);
  out.own.manifest = encode_manifest(signatures, header, body);
  if (indexed && made) {
    const std::size_t size = out.own.manifest.size();
    out.own.index = index_text(*made, size, size - body.size());
  }
  return out;
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
