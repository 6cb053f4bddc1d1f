// Paths as text: absolute keys, component-wise comparison, and which part of a path is a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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

// named_like_archive tells whether `component` ends, in any case, as archives are named.
bool named_like_archive(std::string_view component) noexcept;

// last_component returns what follows the last "/" of `path`.
std::string_view last_component(std::string_view path) noexcept;

// PathKind says what stands at a path.
enum class PathKind : std::uint8_t {
  kFile,         // a regular file, or something below one
  kDirectory,    // a directory
  kMissing,      // nothing
  kOther,        // a FIFO, socket or device
  kUnreachable,  // the operating system would not tell
};

// PathSplit is a path in two: `length` bytes that name a file of the file system, and `rest`, the
// components after it joined by "/" ("" mostly).
struct PathSplit {
  PathKind kind = PathKind::kMissing;
  std::size_t length = 0;
  std::string rest;
};

// split_path looks for the longest part of `path` that exists. Where that is no file, a component
// that is named like an archive ends the first half, or else all of it is the first half.
PathSplit split_path(std::string_view path);

// clean_relative drops empty and "." components and joins the others by "/".
std::string clean_relative(std::string_view path);

}  // namespace signedvfs
