// Paths and names of libraries. Private to native/.
#pragma once

#include <string_view>

namespace signedvfs {

// last_part returns what follows the last "/".
inline std::string_view last_part(std::string_view path) noexcept {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace signedvfs
