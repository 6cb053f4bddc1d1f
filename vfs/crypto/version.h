// Which OpenSSL the process has, for people who ask whether an advisory is about it.
#pragma once

#include <string_view>

namespace signedvfs {

// openssl_version returns the version of the library that runs, like "3.5.7": not of the one that
// was compiled against. Any thread may call.
std::string_view openssl_version() noexcept;

}  // namespace signedvfs
