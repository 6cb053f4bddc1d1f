// Keeps configuration files of OpenSSL out of the process.
#pragma once

#include "archive/base/status.h"

namespace signedvfs {

// settle_openssl sets OpenSSL up so that it reads no configuration for the rest of the process,
// whoever uses it later: neither OPENSSL_CONF nor the file of the system has it load a provider or
// an engine. Where somebody has used OpenSSL before, what that has loaded stays. Everything else of
// vfs/ does so by itself; this is for whoever wants it before other code of the process uses
// OpenSSL. Any thread may call. Fails with `kCrypto`.
Status settle_openssl();

// settle_private_openssl does that for a program whose OpenSSL is linked in, so that nobody else
// uses it: it does without the names of algorithms that EVP_get_digestbyname(3) and
// EVP_get_cipherbyname(3) know. It has to come before everything else of vfs/. Fails with
// `kCrypto`.
Status settle_private_openssl();

// forget_openssl_environment takes what OpenSSL heeds when it looks for native code out of the
// environment: another copy of OpenSSL than ours is not settled, and packages bring one in their
// extension modules. Not while another thread reads the environment.
void forget_openssl_environment() noexcept;

}  // namespace signedvfs
