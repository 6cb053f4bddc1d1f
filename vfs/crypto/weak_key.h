// Public keys with which forging is easy. Private to vfs/.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <span>

#include "archive/base/status.h"

namespace signedvfs {

// refuse_weak_rsa fails with `kWeakKey` unless the modulus is odd and has 2048 to 16384 bits, and
// the exponent is odd and 65537 <= e < 2^33.
Status refuse_weak_rsa(const EVP_PKEY* key);

// refuse_weak_ed25519 fails with `kWeakKey` where `encoded` is not the only encoding of its point
// (RFC 8032 section 5.1.3), or where the point has small order.
Status refuse_weak_ed25519(std::span<const std::byte, 32> encoded);

// refuse_weak_ec fails with `kWeakKey` where the point is not on its curve, or is its zero.
Status refuse_weak_ec(EVP_PKEY* key);

}  // namespace signedvfs
