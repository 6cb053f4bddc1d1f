// Paths and names of libraries.
#pragma once

#include <cstddef>
#include <string_view>

namespace signedvfs {

// last_part returns what follows the last "/".
inline std::string_view last_part(std::string_view path) noexcept {
  return path.substr(path.rfind('/') + 1);
}

// is_library_name tells whether a file is named like a shared object: "libx.so", "libx.so.3",
// "_m.cpython-311-x86_64-linux-gnu.so".
inline bool is_library_name(std::string_view name) noexcept {
  const std::size_t at = name.find(".so");
  return at != std::string_view::npos && (name.size() == at + 3 || name[at + 3] == '.');
}

}  // namespace signedvfs
