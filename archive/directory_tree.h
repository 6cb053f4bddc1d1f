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

// TreeRules says what belongs to a tree.
struct TreeRules {
  // follows_links: a symbolic link to a file inside of the tree is that file (see
  // `open_beneath_by_links`). A walk follows none to a directory.
  bool follows_links = false;

  std::vector<std::string> apart;  // directories, by their paths in the tree, that are not walked

  // leaves_out: what cannot be a member (a link that is not followed, a special file, a name that
  // none may have) is left out of the walk; otherwise it ends the walk.
  bool leaves_out = false;
};

// WalkedTree is what a walk met, in byte order.
struct WalkedTree {
  std::vector<std::string> names;     // of files
  std::vector<std::string> left_out;  // for people: the path in quotes, and the reason
};

// DirectoryTree is the files below one directory, which stays open: renaming it, or putting another
// in its place, changes nothing, unless the program closes our descriptor: then the directory has
// to be at its path. Below it no symbolic link is followed but as its rules say. Files may change
// at any time; each `read` is one pass over one of them into private memory.
class DirectoryTree final : public Container {
 public:
  // over takes the open directory `root`; `path` is for messages. Fails with `kUnsupported` where
  // the directory ignores case, because there two names can be one file.
  static Result<std::unique_ptr<const Container>> over(FileDescriptor root, const std::string& path,
                                                       const Limits& limits);

  // open opens the directory `path` for a tree with such rules. Fails likewise, and with
  // `kNotFound`, `kNotRegular` or `kIo`.
  static Result<std::unique_ptr<const DirectoryTree>> open(const std::string& path,
                                                           const Limits& limits, TreeRules rules);

  const std::string& path() const& noexcept override { return path_; }
  std::optional<std::uint64_t> member_count() const noexcept override { return {}; }
  std::optional<std::uint64_t> size_of(std::string_view name) const override;
  std::optional<std::int64_t> modified(std::string_view name) const override;
  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override;

  // names walks the tree. Fails with `kNotRegular` where it meets anything but files and
  // directories, with `kBadName`, `kTooLarge`, `kUnsupported` as for `over`, and with `kIo`.
  Result<std::vector<std::string>> names() const override;

  // walk does the same, and tells what was left out.
  Result<WalkedTree> walk() const;

 private:
  DirectoryTree(LastingDescriptor root, std::string path, const Limits& limits,
                TreeRules rules) noexcept
      : root_(std::move(root)), path_(std::move(path)), limits_(limits), rules_(std::move(rules)) {}
  static Result<std::unique_ptr<const DirectoryTree>> with(FileDescriptor root,
                                                           const std::string& path,
                                                           const Limits& limits, TreeRules rules);

  // open_inside is `open_beneath` from the root, to files as the rules say.
  Result<FileDescriptor> open_inside(std::string_view name, Kind kind) const;

  struct Walk;
  Status list(const std::string& directory, Walk& walk) const;
  Status note(std::string found, std::uint32_t type, Walk& walk) const;
  Status is_member(const std::string& found, std::uint32_t type) const;
  bool is_apart(std::string_view directory) const;

  LastingDescriptor root_;
  std::string path_;
  Limits limits_;
  TreeRules rules_;
};

}  // namespace signedvfs
