// The one way in which each kind of key signs. Private to vfs/.
#pragma once

#include <openssl/params.h>

#include <array>

#include "vfs/crypto/public_key.h"

namespace signedvfs {

// SignatureScheme holds what EVP_DigestSignInit_ex and EVP_DigestVerifyInit_ex are to be told.
// Nothing is left to OpenSSL's defaults, which accept RSA-PSS salts of any length.
class SignatureScheme {
 public:
  explicit SignatureScheme(KeyAlgorithm algorithm) noexcept;
  SignatureScheme(const SignatureScheme&) = delete;
  SignatureScheme& operator=(const SignatureScheme&) = delete;

  // digest returns the name of the digest, or null where the algorithm hashes by itself (Ed25519).
  const char* digest() const noexcept { return digest_; }

  // parameters borrows the settings from this object.
  const OSSL_PARAM* parameters() const& noexcept { return parameters_.data(); }

 private:
  const char* digest_;
  std::array<char, 4> padding_{"pss"};
  std::array<char, 10> mgf1_{"SHA2-256"};
  int salt_bytes_ = 32;
  std::array<OSSL_PARAM, 4> parameters_;
};

}  // namespace signedvfs
