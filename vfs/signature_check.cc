#include "vfs/signature_check.h"

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

Result<std::vector<std::string>> check_signatures(const std::vector<Signature>& lines,
                                                  const TrustPolicy& policy,
                                                  const SignatureCheck& check) {
  std::vector<std::string> signers;
  for (const Signature& line : lines) {
    Result<const PublicKey*> key = check(line);
    if (!key.ok()) return std::move(key).status();
    if (*key == nullptr) continue;
    const std::string& fingerprint = (*key)->fingerprint();
    if (policy.revoked.count(fingerprint) != 0) {
      return Status(Errc::kKeyRevoked, "signed by the revoked key " + fingerprint);
    }
    signers.push_back(fingerprint);
  }
  if (signers.size() < static_cast<std::size_t>(policy.threshold)) {
    return too_few(lines, signers.size(), policy);
  }
  return signers;
}

}  // namespace signedvfs
