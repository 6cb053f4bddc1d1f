// Keys that OpenSSL makes by itself, for tests of what our own types do not make.
#pragma once

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>

#include "tests/vfs/bytes.h"
#include "vfs/crypto/openssl.h"

namespace signedvfs {

// openssl_key generates a key; `arguments` are the name of a curve for "EC", bits for "RSA".
template <class... Arguments>
OwnedKey openssl_key(const char* type, Arguments... arguments) {
  EVP_PKEY* key = nullptr;
  if constexpr (sizeof...(arguments) == 0) {
    key = EVP_PKEY_Q_keygen(openssl_context().value(), kProvider, type);
  } else if constexpr ((std::is_integral_v<Arguments> && ...)) {
    const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> maker(
        EVP_PKEY_CTX_new_from_name(openssl_context().value(), type, kProvider));
    std::size_t bits = static_cast<std::size_t>((arguments, ...));
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &bits),
                                     OSSL_PARAM_construct_end()};
    EXPECT_EQ(EVP_PKEY_keygen_init(maker.get()), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_params(maker.get(), parameters), 1);
    EXPECT_EQ(EVP_PKEY_generate(maker.get(), &key), 1);
  } else {
    key = EVP_PKEY_Q_keygen(openssl_context().value(), kProvider, type, arguments...);
  }
  EXPECT_NE(key, nullptr) << type;
  return OwnedKey(key);
}

// info_of returns a key's SubjectPublicKeyInfo.
inline Bytes info_of(const OwnedKey& key) {
  unsigned char* encoding = nullptr;
  const int size = i2d_PUBKEY(key.get(), &encoding);
  EXPECT_GT(size, 0);
  const auto* const begin = reinterpret_cast<const std::byte*>(encoding);
  Bytes info(begin, begin + size);
  OPENSSL_free(encoding);
  return info;
}

}  // namespace signedvfs
