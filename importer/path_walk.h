// What stands at a path, found by going there component by component.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signedvfs {

// PathKind says where a walk ended.
enum class PathKind : std::uint8_t {
  kFile,       // at a regular file; more components may follow it
  kDirectory,  // at the end of the path, which is a directory
  kMissing,    // at a component that is not there
  kOther,      // at a FIFO, socket or device
  kUndecided,  // where the operating system would not tell
};

// PathWalk is what a walk has found out. The system calls of one walk see one file system each: who
// changes it meanwhile gets an answer about one state or the other, and nothing is opened by it.
struct PathWalk {
  PathKind kind = PathKind::kMissing;

  // length is the number of bytes of the path that lead to where the walk ended, and `rest` holds
  // the components after it, joined by "/".
  std::size_t length = 0;
  std::string rest;

  // real is where the walk ended, absolute and without symbolic links, and what follows after it.
  // The part that does not exist, or is not known, is as it was spelled.
  std::string real;

  // named is the number of bytes of the path up to the first component that is named like an
  // archive, or is a symbolic link by way of such a name.
  std::optional<std::size_t> named;

  // links holds the places, absolute, of the symbolic links on the way.
  std::vector<std::string> links;

  // trouble is what the operating system said (`kUndecided`).
  std::string trouble;
};

// walk_path goes along `path`, bytes in the file system's encoding, in which a NUL stands for what
// no file system has. Relative paths begin at the current directory. Symbolic links are followed,
// those that lead to nothing included; ".." is the directory above, as for the kernel.
PathWalk walk_path(std::string_view path);

}  // namespace signedvfs
