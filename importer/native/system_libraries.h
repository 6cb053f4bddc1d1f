// The libraries that an extension module may expect of every Linux system.
#pragma once

#include <span>
#include <string_view>

namespace signedvfs {

// system_libraries returns their names (DT_SONAME), sorted: those of the manylinux policies (PEP
// 513, 571, 599, 600), which wheels for manylinux have to do with, and the linker itself.
std::span<const std::string_view> system_libraries() noexcept;

// is_system_library tells whether `name` is one of them, or the interpreter's own
// ("libpython3.12.so.1.0").
bool is_system_library(std::string_view name) noexcept;

}  // namespace signedvfs
