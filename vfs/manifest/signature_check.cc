#include "vfs/manifest/signature_check.h"

#include <cstddef>

namespace signedvfs {
namespace {

std::string list_of(const std::vector<Signature>& signatures) {
  std::string out;
  for (const Signature& signature : signatures) {
    out += (out.empty() ? "" : ", ") + signature.fingerprint;
  }
  return out;
}

Status too_few(const std::vector<Signature>& signatures, std::size_t trusted,
               const TrustPolicy& policy) {
  if (signatures.empty()) {
    return {Errc::kNoTrustedKey, "the manifest carries no signature"};
  }
  if (policy.keys.empty()) {
    return {Errc::kNoTrustedKey,
            "signed by " + list_of(signatures) + ", but no key is trusted yet"};
  }
  return {Errc::kNoTrustedKey, std::to_string(trusted) + " of " + std::to_string(policy.threshold) +
                                   " required signatures are by trusted keys; signed by " +
                                   list_of(signatures)};
}

}  // namespace

Status refuse_revoked(const Signature& line, const TrustPolicy& policy) {
  if (policy.revoked.count(line.fingerprint) == 0) return {};
  return {Errc::kKeyRevoked, "signed by the revoked key " + line.fingerprint};
}

Result<std::vector<std::string>> check_signatures(const std::vector<Signature>& lines,
                                                  const TrustPolicy& policy,
                                                  const RevocationCheck& check_revoked,
                                                  const SignatureCheck& check) {
  // Before any signature: a revoked key that nobody trusts here cannot be checked, and whoever
  // takes its line away has to be trusted as before.
  for (const Signature& line : lines) SIGNEDVFS_TRY(check_revoked(line));
  std::vector<std::string> signers;
  for (const Signature& line : lines) {
    SIGNEDVFS_ASSIGN(const PublicKey* const key, check(line));
    if (key != nullptr) signers.push_back(key->fingerprint());
  }
  if (signers.size() < static_cast<std::size_t>(policy.threshold)) {
    return too_few(lines, signers.size(), policy);
  }
  return signers;
}

Result<std::vector<std::string>> signers_in_scope(const std::vector<std::string>& signers,
                                                  const TrustPolicy& policy,
                                                  const Attributes& attributes, std::int64_t now) {
  std::vector<std::string> inside;
  std::string missed;
  for (const std::string& signer : signers) {
    for (const TrustedKey& trusted : policy.keys) {
      if (trusted.key.fingerprint() != signer) continue;
      if (const auto why = trusted.scope.misses(attributes, now)) {
        missed += "; the key " + signer + " " + *why;
      } else {
        inside.push_back(signer);
      }
    }
  }
  if (inside.size() >= static_cast<std::size_t>(policy.threshold)) return inside;
  return Status(Errc::kNoTrustedKey, std::to_string(inside.size()) + " of " +
                                         std::to_string(policy.threshold) +
                                         " required signatures are by keys that are trusted for "
                                         "this" +
                                         missed)
      .advising(
          "Get a release that is signed by a key in its scope; if that key is to sign this, widen "
          "its scope: Trusted(key, ...), or --scope.");
}

}  // namespace signedvfs
