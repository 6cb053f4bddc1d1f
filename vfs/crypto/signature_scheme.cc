#include "vfs/crypto/signature_scheme.h"

#include <openssl/core_names.h>

namespace signedvfs {
namespace {

const char* digest_for(KeyAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case KeyAlgorithm::kEcdsaP256:
    case KeyAlgorithm::kRsaPss:
      return "SHA2-256";
    case KeyAlgorithm::kEcdsaP384:
      return "SHA2-384";
    case KeyAlgorithm::kEd25519:
      break;
  }
  return nullptr;
}

}  // namespace

SignatureScheme::SignatureScheme(KeyAlgorithm algorithm) noexcept : digest_(digest_for(algorithm)) {
  parameters_.fill(OSSL_PARAM_construct_end());
  if (algorithm != KeyAlgorithm::kRsaPss) return;
  parameters_[0] =
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, padding_.data(), 0);
  parameters_[1] =
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, mgf1_.data(), 0);
  parameters_[2] = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt_bytes_);
}

}  // namespace signedvfs
