// Private keys as PKCS#8 (RFC 5958), plain and encrypted. Private to the signer.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "archive/base/status.h"
#include "vfs/crypto/openssl.h"

namespace signedvfs {

// decode_pkcs8 reads a PrivateKeyInfo and nothing after it. Fails with `kBadKey`.
Result<OwnedKey> decode_pkcs8(std::span<const std::byte> der);

// decrypt_pkcs8 reads an EncryptedPrivateKeyInfo and nothing after it. What the file asks for is
// bounded (derivation_cost.h) before anything is derived. Fails with `kWrongPassword`, `kBadKey`.
Result<OwnedKey> decrypt_pkcs8(std::span<const std::byte> der, const std::string& password);

// encode_pkcs8 returns PEM; with a password encrypted with PBES2 by a key that scrypt derives.
Result<std::string> encode_pkcs8(const EVP_PKEY* key, const std::optional<std::string>& password);

}  // namespace signedvfs
