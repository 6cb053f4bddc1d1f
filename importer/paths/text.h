// Paths as text: absolute keys, and comparison component by component.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"

namespace signedvfs {

// Paths are bytes in the file system's encoding. A NUL in one stands for something that no file
// system has; such a component exists nowhere.

// absolute_path makes `path` absolute (by the current directory) and drops empty and "."
// components; ".." stays, for the kernel to go by. Fails with `kIo` where there is no current
// directory.
Result<std::string> absolute_path(std::string_view path);

// places_of returns the paths at which that is which `absolute` leads to: itself, with ".." taken
// as text, what symbolic links on the way make of it, and without links. Sorted, each once.
std::vector<std::string> places_of(const std::string& absolute);

// resolved_path returns where `path`, an absolute one, leads to without symbolic links, as far as
// it exists.
std::string resolved_path(std::string_view path);

// is_at_or_below compares component by component: "/app-evil" is not below "/app".
bool is_at_or_below(std::string_view path, std::string_view root) noexcept;

// last_component returns what follows the last "/" of `path`.
std::string_view last_component(std::string_view path) noexcept;

// clean_relative drops empty and "." components and joins the others by "/".
std::string clean_relative(std::string_view path);

}  // namespace signedvfs
