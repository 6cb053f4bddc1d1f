// What the system says of a file, without opening it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "archive/base/file_mode.h"
#include "archive/base/status.h"

namespace signedvfs {

// FileStatus is an answer of stat(2). Times are nanoseconds since 1970-01-01T00:00:00Z.
struct FileStatus {
  int error = 0;  // an `errno` value where there is no answer; the rest is zero then
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;
  std::int64_t changed = 0;
  std::uint32_t mode = 0;
  std::uint32_t owner = 0;  // user and group ids
  std::uint32_t group = 0;

  bool ok() const noexcept { return error == 0; }
  bool is_regular() const noexcept { return ok() && type_of(mode) == kRegularType; }
  bool is_directory() const noexcept { return ok() && type_of(mode) == kDirectoryType; }
  bool is_link() const noexcept { return ok() && type_of(mode) == kLinkType; }

  // is_missing tells that nothing stands there; any other error leaves that open.
  bool is_missing() const noexcept;

  bool is_same_file(const FileStatus& other) const noexcept {
    return ok() && other.ok() && device == other.device && inode == other.inode;
  }
};

// status_of follows links; status_of_link tells of the link itself. A path with a NUL byte names
// nothing.
FileStatus status_of(const std::string& path) noexcept;
FileStatus status_of_link(const std::string& path) noexcept;
FileStatus status_of(int descriptor) noexcept;

// link_target returns the text of the link `path`, or an empty one with `error` set to `errno`.
std::string link_target(const std::string& path, int& error);

// is_in_proc tells whether `directory` is on procfs, whose links may lead where their text does not
// say: to files that have no name any more.
bool is_in_proc(const std::string& directory) noexcept;

// permissions_of returns the permission bits of the file `path`.
Result<std::uint32_t> permissions_of(const std::string& path);

// resolved returns `path` without symbolic links, so that a replacement replaces the file itself.
Result<std::string> resolved(const std::string& path);

// remove_file removes the file `path`.
Status remove_file(const std::string& path);

}  // namespace signedvfs
