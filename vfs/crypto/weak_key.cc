#include "vfs/crypto/weak_key.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "vfs/crypto/openssl.h"

namespace signedvfs {
namespace {

constexpr int kMinModulusBits = 2048;
constexpr int kMaxModulusBits = 16384;
constexpr BN_ULONG kMinExponent = 65537;
constexpr int kMaxExponentBits = 33;

OwnedNumber parameter_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return nullptr;
  return OwnedNumber(number);
}

// Ed25519 is the curve -x^2 + y^2 = 1 + d x^2 y^2 over p = 2^255 - 19. A point is encoded as y in
// little-endian order, the sign of x in the topmost bit.
using Encoded = std::array<std::uint8_t, 32>;
constexpr std::uint8_t kSign = 0x80;

constexpr Encoded kPrime = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
constexpr Encoded kOne = {1};
constexpr Encoded kMinusOne = {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

// kSmallOrder holds the y of the eight points whose order divides the cofactor 8. Whether a point
// is one of them depends on y alone: y = 1 has order 1, y = -1 order 2, y = 0 order 4; a point of
// order 8 doubles to y = 0, so x^2 = -y^2 and d y^4 + 2 y^2 - 1 = 0, whose roots are the last two.
constexpr std::array<Encoded, 5> kSmallOrder = {{
    kOne,
    kMinusOne,
    {},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
}};

}  // namespace

Status refuse_weak_rsa(const EVP_PKEY* key) {
  const ErrorQueue errors;
  const OwnedNumber modulus = parameter_of(key, OSSL_PKEY_PARAM_RSA_N);
  const OwnedNumber exponent = parameter_of(key, OSSL_PKEY_PARAM_RSA_E);
  if (!modulus || !exponent) return errors.failure(Errc::kCrypto, "RSA key: no numbers in it");

  const int bits = BN_num_bits(modulus.get());
  if (bits < kMinModulusBits || bits > kMaxModulusBits) {
    return {Errc::kWeakKey, "RSA key: the modulus has " + std::to_string(bits) +
                                " bits where 2048 to 16384 are accepted"};
  }
  if (BN_is_odd(modulus.get()) == 0) return {Errc::kWeakKey, "RSA key: the modulus is even"};

  const OwnedNumber least(BN_new());
  if (!least || BN_set_word(least.get(), kMinExponent) != 1) {
    return errors.failure(Errc::kCrypto, "RSA key");
  }
  // With e = 1 every signature can be computed from the public key; other small exponents have
  // a history of forgeries, and huge ones cost the verifier time.
  if (BN_is_odd(exponent.get()) == 0 || BN_cmp(exponent.get(), least.get()) < 0 ||
      BN_num_bits(exponent.get()) > kMaxExponentBits) {
    return {Errc::kWeakKey,
            "RSA key: the public exponent must be odd, at least 65537 and below 2^33"};
  }
  return {};
}

Status refuse_weak_ed25519(std::span<const std::byte, 32> encoded) {
  Encoded y;
  std::transform(encoded.begin(), encoded.end(), y.begin(), std::to_integer<std::uint8_t>);
  const bool negative = (y.back() & kSign) != 0;
  y.back() = static_cast<std::uint8_t>(y.back() & ~kSign);

  const bool reduced =
      std::lexicographical_compare(y.rbegin(), y.rend(), kPrime.rbegin(), kPrime.rend());
  const bool x_is_zero = y == kOne || y == kMinusOne;
  if (!reduced || (x_is_zero && negative)) {
    return {Errc::kWeakKey, "Ed25519 key: not the canonical encoding of a point"};
  }
  // For such a key there are signatures that fit every message.
  if (std::find(kSmallOrder.begin(), kSmallOrder.end(), y) != kSmallOrder.end()) {
    return {Errc::kWeakKey, "Ed25519 key: a point of small order, which anybody can sign for"};
  }
  return {};
}

Status refuse_weak_ec(EVP_PKEY* key) {
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> work(
      EVP_PKEY_CTX_new_from_pkey(context, key, kProvider));
  // Both curves have prime order, so a point that is on the curve and not its zero generates it.
  if (!work || EVP_PKEY_public_check_quick(work.get()) != 1) {
    return errors.failure(Errc::kWeakKey, "ECDSA key: not a point of its curve");
  }
  return {};
}

}  // namespace signedvfs
