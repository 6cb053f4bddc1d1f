// What a private key's file may ask of whoever gives its password. Private to the signer.
//
// The file says how the key that it is encrypted with is derived from the password, and so how long
// that takes and how much memory: 2^31 rounds of PBKDF2 are twenty minutes. Nobody has vouched for
// the file when it is read, so the numbers are compared with these bounds, and nothing is derived
// beyond them.
#pragma once

#include <openssl/types.h>

#include <cstdint>

#include "archive/base/status.h"

namespace signedvfs {

// kMaxRounds bounds PBKDF2 (RFC 8018 section 5.2): some seconds. OWASP asked for 600,000 in 2023.
inline constexpr std::uint64_t kMaxRounds = 10'000'000;

// kMaxScryptBytes bounds the memory of scrypt (RFC 7914), 128 * r * (N + p + 2) bytes. OpenSSL has
// the same bound, and gives no way to raise it for key files.
inline constexpr std::uint64_t kMaxScryptBytes = std::uint64_t{32} << 20;

// kMaxScryptWork bounds its time, N * r * p: some seconds, 25 times what `encode_pkcs8` asks for.
// Memory does not bound it: N = p = 2^17 with r = 1 fits, and takes hours.
inline constexpr std::uint64_t kMaxScryptWork = std::uint64_t{1} << 24;

// kMaxSaltBytes bounds the salt of both. RFC 8018 wants 8 bytes, and 16 are usual.
inline constexpr std::uint64_t kMaxSaltBytes = 1024;

// refuse_costly succeeds where `algorithm` is PBES2 (RFC 8018 section 6.2) with PBKDF2 or scrypt
// within the bounds. Fails with `kBadKey`, and names the number and its bound. Derives nothing.
Status refuse_costly(const X509_ALGOR& algorithm);

}  // namespace signedvfs
