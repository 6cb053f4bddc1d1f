// Signatures over anything that is no manifest. Private to vfs/ and its bindings.
#pragma once

#include <string>
#include <string_view>

namespace signedvfs {

// plain_message returns what a key signs for `message`, which may be anything. What keys sign for a
// manifest begins otherwise (vfs/manifest/signed_header.h), so neither signature fits the other.
inline std::string plain_message(std::string_view message) {
  constexpr std::string_view kDomain{"signedvfs message v1\0", 21};
  return std::string(kDomain).append(message);
}

}  // namespace signedvfs
