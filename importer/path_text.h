// Paths as text: absolute keys, and comparison component by component.
#pragma once

#include <string>
#include <string_view>

#include "archive/status.h"

namespace signedvfs {

// Paths are bytes in the file system's encoding. A NUL in one stands for something that no file
// system has; such a component exists nowhere.

// absolute_path makes `path` absolute (by the current directory) and drops empty and "."
// components. ".." is resolved by the file system. Fails with `kIo` where there is no current
// directory.
Result<std::string> absolute_path(std::string_view path);

// resolved_path additionally follows symlinks, as far as the path exists.
std::string resolved_path(const std::string& absolute);

// is_at_or_below compares component by component: "/app-evil" is not below "/app".
bool is_at_or_below(std::string_view path, std::string_view root) noexcept;

// last_component returns what follows the last "/" of `path`.
std::string_view last_component(std::string_view path) noexcept;

// clean_relative drops empty and "." components and joins the others by "/".
std::string clean_relative(std::string_view path);

}  // namespace signedvfs
