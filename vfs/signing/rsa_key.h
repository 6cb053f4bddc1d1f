// RSA key pairs from the numbers that signedimp kept of them. Private to the signer.
#pragma once

#include <cstddef>
#include <span>

#include "archive/base/status.h"
#include "vfs/crypto/openssl.h"

namespace signedvfs {

// rsa_key_of makes a key pair of its modulus, public and private exponent, big-endian. signedimp
// kept nothing else, so the factors are found again (NIST SP 800-56B revision 2, appendix C.1);
// OpenSSL signs faster with them, and PKCS#8 wants them. Fails with `kBadKey` where the numbers do
// not belong together, `kWeakKey` for what no public key may be, `kCrypto`.
Result<OwnedKey> rsa_key_of(std::span<const std::byte> modulus, std::span<const std::byte> exponent,
                            std::span<const std::byte> private_exponent);

}  // namespace signedvfs
