// Public keys: loading, refusing weak ones, checking signatures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "vfs/crypto/digest.h"

namespace signedvfs {

// KeyAlgorithm is fixed by the key; nothing in a signed file ever chooses it.
enum class KeyAlgorithm : std::uint8_t {
  kEd25519,    // RFC 8032
  kEcdsaP256,  // FIPS 186-5 with SHA-256, DER signatures
  kEcdsaP384,  // the same with SHA-384
  kRsaPss,     // RFC 8017: SHA-256, MGF1 with SHA-256, salt of 32 bytes; modulus 2048 to 16384 bits
};

// algorithm_name returns "ed25519", "ecdsa-p256", "ecdsa-p384" or "rsa-pss".
std::string_view algorithm_name(KeyAlgorithm algorithm) noexcept;

// PublicKey is an immutable key that has passed the checks for weak keys. Copies share it; any
// thread may use it.
class PublicKey {
 public:
  // from_pem reads a text of exactly one "PUBLIC KEY" block (SubjectPublicKeyInfo; RFC 7468 section
  // 13). Fails with `kBadKey` or `kWeakKey`.
  static Result<PublicKey> from_pem(std::string_view pem);

  // from_der reads a SubjectPublicKeyInfo (RFC 5280 section 4.1) in its only accepted encoding, so
  // that a key has one fingerprint, and nothing after it. Fails with `kBadKey` or `kWeakKey`.
  static Result<PublicKey> from_der(std::span<const std::byte> der);

  // from_rsa makes an RSA key of its two numbers, big-endian: what signedimp kept in place of
  // files. Fails with `kBadKey` or `kWeakKey`.
  static Result<PublicKey> from_rsa(std::span<const std::byte> modulus,
                                    std::span<const std::byte> exponent);

  // load reads a PEM file of at most 64 KiB. Fails as `from_pem` does, and with `kNotFound`, `kIo`.
  static Result<PublicKey> load(const std::string& path);

  KeyAlgorithm algorithm() const noexcept;

  // bits returns the key's size as it is commonly given: 256, 384, or the bits of the modulus.
  int bits() const noexcept;

  // fingerprint returns the SHA-256 of the DER SubjectPublicKeyInfo in lower-case hexadecimal.
  const std::string& fingerprint() const& noexcept;

  // der returns the canonical DER SubjectPublicKeyInfo; it is borrowed from the key.
  std::span<const std::byte> der() const& noexcept;
  std::string pem() const;

  // check succeeds where `signature` over `message` was made with this key's private half; fails
  // with `kBadSignature`, or with `kCrypto` where no verdict was reached. One message can have many
  // signatures that fit (RFC 6979 section 2.4 negates an ECDSA `s`): their bytes identify nothing.
  Status check(std::span<const std::byte> message, std::span<const std::byte> signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) noexcept {
    return a.fingerprint() == b.fingerprint();
  }

  struct Material;  // defined in the implementation; holds the library's key object
  explicit PublicKey(std::shared_ptr<const Material> material) noexcept;

 private:
  std::shared_ptr<const Material> material_;
};

}  // namespace signedvfs
