// Directories as containers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/container.h"
#include "archive/os/file_descriptor.h"
#include "archive/os/lasting_descriptor.h"
#include "archive/os/open_beneath.h"

namespace signedvfs {

// DirectoryTree is the files below one directory, which stays open: renaming it, or putting another
// in its place, changes nothing, unless the program closes our descriptor: then the directory has
// to be at its path. Below it no symbolic link is followed. Files may change at any time; each
// `read` is one pass over one of them into private memory.
class DirectoryTree final : public Container {
 public:
  // over takes the open directory `root`; `path` is for messages. Fails with `kUnsupported` where
  // the directory ignores case, because there two names can be one file.
  static Result<std::unique_ptr<const Container>> over(FileDescriptor root, const std::string& path,
                                                       const Limits& limits);

  const std::string& path() const& noexcept override { return path_; }
  std::optional<std::uint64_t> member_count() const noexcept override { return {}; }
  std::optional<std::uint64_t> size_of(std::string_view name) const override;
  std::optional<std::int64_t> modified(std::string_view name) const override;
  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override;

  // names walks the tree. Fails with `kNotRegular` where it meets anything but files and
  // directories, with `kBadName`, `kTooLarge`, `kUnsupported` as for `over`, and with `kIo`.
  Result<std::vector<std::string>> names() const override;

 private:
  DirectoryTree(LastingDescriptor root, std::string path, const Limits& limits) noexcept
      : root_(std::move(root)), path_(std::move(path)), limits_(limits) {}

  // open_inside is `open_beneath` from the root.
  Result<FileDescriptor> open_inside(std::string_view name, Kind kind) const;

  struct Walk;
  Status list(const std::string& directory, Walk& walk) const;
  Status note(std::string found, std::uint32_t type, Walk& walk) const;

  LastingDescriptor root_;
  std::string path_;
  Limits limits_;
};

}  // namespace signedvfs
