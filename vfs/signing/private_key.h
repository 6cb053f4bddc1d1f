// Private keys: making, saving, loading, signing. Part of the signer; verifiers do not link it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "vfs/crypto/public_key.h"

namespace signedvfs {

// wipe overwrites `text` and leaves it empty: for passwords and the texts of private keys.
void wipe(std::string& text) noexcept;

// PrivateKey is an immutable key pair whose public half has passed the checks for weak keys.
// Copies share it; its memory is cleared when the last one goes. Any thread may use it.
class PrivateKey {
 public:
  // generate makes a key; `bits`, for RSA only, lies between 2048 and 16384. Fails with `kUsage`,
  // `kCrypto`.
  static Result<PrivateKey> generate(KeyAlgorithm algorithm, int bits = 3072);

  // from_pem reads a text of exactly one "PRIVATE KEY" or "ENCRYPTED PRIVATE KEY" block (PKCS#8;
  // RFC 7468 sections 10 and 11); the password is for the latter and never asked for on a terminal.
  // Fails with `kWrongPassword` (missing or wrong), `kBadKey`, `kWeakKey`.
  static Result<PrivateKey> from_pem(std::string_view pem,
                                     const std::optional<std::string>& password);

  // load reads a PEM file of at most 64 KiB. Fails as `from_pem` does, and with `kNotFound`, `kIo`.
  static Result<PrivateKey> load(const std::string& path,
                                 const std::optional<std::string>& password);

  // from_rsa makes an RSA key of its numbers, big-endian, which is all that signedimp kept. Fails
  // with `kBadKey` where they do not belong together, and with `kWeakKey`.
  static Result<PrivateKey> from_rsa(std::span<const std::byte> modulus,
                                     std::span<const std::byte> exponent,
                                     std::span<const std::byte> private_exponent);

  // pem returns PKCS#8; with a password encrypted with PBES2 (scrypt, AES-256-CBC; RFC 8018, RFC
  // 7914). Fails with `kUsage` where the password is empty. The caller should `wipe` the text.
  Result<std::string> pem(const std::optional<std::string>& password) const;

  // save writes the PEM text atomically to a new file of mode 0600. Fails with `kUsage` where
  // `path` exists.
  Status save(const std::string& path, const std::optional<std::string>& password) const;

  const PublicKey& public_key() const& noexcept;

  // sign returns a signature over `message` that `public_key().check` has accepted. Fails with
  // `kCrypto`.
  Result<std::vector<std::byte>> sign(std::span<const std::byte> message) const;

  // rsa_private_exponent returns that number of an RSA key, big-endian. Fails with `kUsage` for
  // other keys. The caller should clear it.
  Result<std::vector<std::byte>> rsa_private_exponent() const;

  struct Material;
  explicit PrivateKey(std::shared_ptr<const Material> material) noexcept;

 private:
  std::shared_ptr<const Material> material_;
};

}  // namespace signedvfs
