#include "vfs/manifest/legacy.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "vfs/crypto/base64.h"
#include "vfs/crypto/legacy_key.h"
#include "vfs/manifest/line_reader.h"
#include "vfs/manifest/signature_check.h"

namespace signedvfs {
namespace {

constexpr std::string_view kScheme = "pss-sha1:";

Status malformed_legacy(const std::string& why) {
  return {Errc::kBadManifest, "in a manifest of signedimp: " + why};
}

// content_of returns what is behind the first empty line, or an empty text.
std::string_view content_of(std::string_view text) noexcept {
  if (text.starts_with('\n')) return text.substr(1);
  const std::size_t end = text.find("\n\n");
  return end == std::string_view::npos ? std::string_view() : text.substr(end + 2);
}

// next_line takes the first line off `rest`; the last one may do without LF.
std::string_view next_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

std::optional<HashType> old_hash(std::string_view name) noexcept {
  const std::optional<HashType> type = hash_type_of(name);
  const bool old = type == HashType::kLegacySha1 || type == HashType::kLegacyMd5;
  return old ? type : std::nullopt;
}

Result<Signature> parse_legacy_signature(std::string_view line) {
  const std::size_t digits = 2 * hash_bytes(HashType::kLegacySha1);
  const std::string_view fingerprint = line.substr(0, digits);
  if (!Digest::is_hex(HashType::kLegacySha1, fingerprint) || line.size() <= digits + 1 ||
      line[digits] != ' ') {
    return malformed_legacy(in_quotes(line.substr(0, 80)) + " is no signature");
  }
  auto value = base64_decode(line.substr(digits + 1));
  if (!value) {
    return malformed_legacy("the signature by " + std::string(fingerprint) + " is not base64");
  }
  return Signature{std::string(fingerprint), std::move(*value)};
}

Result<ManifestParts> split(std::string_view text, const Limits& limits) {
  ManifestParts parts;
  std::string_view content = content_of(text);
  std::string_view head = text.substr(0, text.size() - content.size() - 1);
  if (head.size() > limits.header_bytes) {
    return too_large("header_bytes", limits.header_bytes, "signatures take more");
  }
  while (!head.empty()) {
    if (parts.signatures.size() == limits.signatures) {
      return too_large("signatures", limits.signatures, "more signatures than are allowed");
    }
    SIGNEDVFS_ASSIGN(Signature signature, parse_legacy_signature(next_line(head)));
    const auto same = [&](const Signature& other) {
      return other.fingerprint == signature.fingerprint;
    };
    if (std::any_of(parts.signatures.begin(), parts.signatures.end(), same)) {
      return malformed_legacy("a second signature by " + signature.fingerprint)
          .advising(kSignedTwice);
    }
    parts.signatures.push_back(std::move(signature));
  }
  parts.header = next_line(content);
  parts.body = content;
  return parts;
}

// named_key returns the policy's key that a line names, or null.
Result<const PublicKey*> named_key(const Signature& line, const TrustPolicy& policy) {
  for (const TrustedKey& trusted : policy.keys) {
    SIGNEDVFS_ASSIGN(const std::optional<std::string> fingerprint, legacy_fingerprint(trusted.key));
    if (fingerprint == line.fingerprint) return &trusted.key;
  }
  return nullptr;
}

// refuse_revoked_legacy is `refuse_revoked` for lines that name keys by SHA-1, where `revoked` has
// fingerprints by SHA-256. Only a key at hand has both. A line by another one may be by a key that
// is revoked and not at hand either, so there must be none of these.
Status refuse_revoked_legacy(const Signature& line, const TrustPolicy& policy) {
  SIGNEDVFS_ASSIGN(const PublicKey* const key, named_key(line, policy));
  if (key != nullptr) return refuse_revoked({key->fingerprint(), {}}, policy);
  std::set<std::string> unknown = policy.revoked;
  for (const TrustedKey& known : policy.keys) unknown.erase(known.key.fingerprint());
  if (unknown.empty()) return {};
  return {Errc::kKeyRevoked,
          "signed by " + line.fingerprint + ", as signedimp names keys: a key that is not " +
              "trusted, and that cannot be told from " + std::to_string(unknown.size()) +
              " revoked keys, which are known by other fingerprints"};
}

// The padding is fixed here: signedimp lets the file choose "raw", which is no padding at all.
Result<const PublicKey*> legacy_key_of(const Signature& signature, std::string_view content,
                                       const TrustPolicy& policy) {
  SIGNEDVFS_ASSIGN(const PublicKey* const key, named_key(signature, policy));
  if (key == nullptr) return key;
  const std::span<const std::byte> value(signature.value);
  if (!text_of(value).starts_with(kScheme)) {
    return Status(Errc::kBadSignature,
                  "the signature by " + signature.fingerprint + " is not of the kind 'pss-sha1'");
  }
  SIGNEDVFS_TRY(check_legacy_signature(*key, bytes_of(content), value.subspan(kScheme.size())));
  return key;
}

// name_keys gives the lines of the policy's keys the fingerprints that these have everywhere else.
Status name_keys(std::vector<Signature>& lines, const TrustPolicy& policy) {
  for (const TrustedKey& trusted : policy.keys) {
    SIGNEDVFS_ASSIGN(const std::optional<std::string> old, legacy_fingerprint(trusted.key));
    for (Signature& line : lines) {
      if (line.fingerprint == old) line.fingerprint = trusted.key.fingerprint();
    }
  }
  return {};
}

}  // namespace

bool is_legacy_manifest(std::string_view text) noexcept {
  const std::size_t digits = 2 * hash_bytes(HashType::kLegacySha1);
  if (text.size() <= digits || text[digits] != ' ' ||
      !Digest::is_hex(HashType::kLegacySha1, text.substr(0, digits))) {
    return false;
  }
  std::string_view content = content_of(text);
  return old_hash(next_line(content)) && !content.starts_with('@');
}

Result<LegacyManifest> check_legacy_manifest(std::string_view text, const TrustPolicy& policy,
                                             const Limits& limits, PathRules rules) {
  LegacyManifest out;
  if (!policy.legacy) {
    return Status(Errc::kWeakHash,
                  "made by signedimp itself, with hashes for which collisions are known");
  }
  SIGNEDVFS_ASSIGN(out.parts, split(text, limits));
  const std::string_view content = content_of(text);
  SIGNEDVFS_ASSIGN(
      const std::vector<std::string> signers,
      check_signatures(
          out.parts.signatures, policy,
          [&](const Signature& line) { return refuse_revoked_legacy(line, policy); },
          [&](const Signature& line) { return legacy_key_of(line, content, policy); }));
  // Such a manifest has neither a name nor a serial number.
  SIGNEDVFS_ASSIGN(out.signers, signers_in_scope(signers, policy, Attributes(), policy.now()));
  SIGNEDVFS_TRY(name_keys(out.parts.signatures, policy));
  const std::optional<HashType> type = old_hash(out.parts.header);
  if (!type) return malformed_legacy("the hash type is neither sha1 nor md5");
  out.hash_type = *type;
  std::string_view rest = out.parts.body;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = next_line(rest);
    if (line.ends_with('/')) continue;  // signedimp lists the directory entries of zip archives
    if (out.entries.size() == limits.members) {
      return too_large("members", limits.members, "more members than are allowed");
    }
    SIGNEDVFS_TRY(parse_entry(line, number, *type, limits, rules, out.entries));
  }
  SIGNEDVFS_TRY(sort_entries(out.entries, rules));
  return out;
}

}  // namespace signedvfs
