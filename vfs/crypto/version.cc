#include "vfs/crypto/version.h"

#include <openssl/crypto.h>

namespace signedvfs {

std::string_view openssl_version() noexcept { return OpenSSL_version(OPENSSL_VERSION_STRING); }

}  // namespace signedvfs
