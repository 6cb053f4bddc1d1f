// Key files of signedimp 0.3. Part of the signer.
//
//   AES CBC SHA1\n24 8 1000\n      how it is encrypted, always so
//   8 bytes of salt, 16 bytes      of initialization vector
//   the encrypted pickle           AES-192 in CBC mode
//   20 bytes                       HMAC-SHA-1 of the encrypted pickle, by the same key
//
// The key is derived from the password by PBKDF2 with HMAC-SHA-1 in 1000 rounds (RFC 8018 section
// 5.2). The MAC leaves out the initialization vector, which can change nothing but the first 16
// bytes of the pickle: what stands there in every such file is compared.
#pragma once

#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "vfs/signing/private_key.h"

namespace signedvfs {

// load_legacy_key reads a private key that signedimp's `RSAKey.save_to_file` wrote: a regular file
// of at most 64 KiB. Nothing in it is unpickled. Fails with `kWrongPassword` also where the file
// has been changed, which nobody can tell apart; with `kBadKey`, `kWeakKey`, `kNotFound`, `kIo`.
Result<PrivateKey> load_legacy_key(const std::string& path, const std::string& password);

// legacy_public_key returns the public half of a key that `pickle.dumps` of Python 2 wrote, in its
// protocol 0 (see legacy_pickle.h). Fails with `kBadKey`, `kWeakKey`.
Result<PublicKey> legacy_public_key(std::string_view pickle);

}  // namespace signedvfs
