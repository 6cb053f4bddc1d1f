// RSA keys as signedimp 0.3 named them and signed with them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "vfs/crypto/public_key.h"

namespace signedvfs {

// legacy_fingerprint returns the SHA-1 of "RSAKey N E" in hexadecimal, with the key's numbers in
// decimal, and nothing for a key that is not RSA.
Result<std::optional<std::string>> legacy_fingerprint(const PublicKey& key);

// RsaNumbers are the numbers that signedimp kept for a key, big-endian and without zeros in front.
struct RsaNumbers {
  std::vector<std::byte> modulus;
  std::vector<std::byte> exponent;
};

// rsa_numbers returns those of `key`, which `PublicKey::from_rsa` makes it of again. Fails with
// `kUsage` for a key that is not RSA, and with `kCrypto`.
Result<RsaNumbers> rsa_numbers(const PublicKey& key);

// check_legacy_signature succeeds where `signature` over `message` is the RSA key's: RSASSA-PSS
// with SHA-1, MGF1 with SHA-1 and 8 bytes of salt. Fails with `kBadSignature`, or `kCrypto`.
Status check_legacy_signature(const PublicKey& key, std::span<const std::byte> message,
                              std::span<const std::byte> signature);

}  // namespace signedvfs
