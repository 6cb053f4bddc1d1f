#include "archive/directory_tree.h"

#include <algorithm>
#include <utility>

#include "archive/base/file_mode.h"
#include "archive/members/names.h"
#include "archive/members/size_check.h"
#include "archive/os/directory_reader.h"
#include "archive/os/file_status.h"
#include "archive/os/open_beneath.h"
#include "archive/os/opened_file.h"
#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

// refuse_casefolding fails for directories in which "A.py" finds "a.py".
Status refuse_casefolding(int directory, const std::string& path) {
  if (!ignores_case(directory)) return {};
  return {Errc::kUnsupported,
          path + ": a directory that ignores case (chattr -F takes that attribute away)"};
}

}  // namespace

Result<std::unique_ptr<const Container>> DirectoryTree::over(FileDescriptor root,
                                                             const std::string& path,
                                                             const Limits& limits) {
  SIGNEDVFS_ASSIGN(auto tree, with(std::move(root), path, limits, {}));
  return std::unique_ptr<const Container>(std::move(tree));
}

Result<std::unique_ptr<const DirectoryTree>> DirectoryTree::open(const std::string& path,
                                                                 const Limits& limits,
                                                                 TreeRules rules) {
  SIGNEDVFS_ASSIGN(OpenedFile opened, open_for_reading(path));
  if (type_of(opened.mode) != kDirectoryType) {
    return Status(Errc::kNotRegular, path + ": a file, where a directory is expected");
  }
  return with(std::move(opened.descriptor), path, limits, std::move(rules));
}

Result<std::unique_ptr<const DirectoryTree>> DirectoryTree::with(FileDescriptor root,
                                                                 const std::string& path,
                                                                 const Limits& limits,
                                                                 TreeRules rules) {
  SIGNEDVFS_TRY(refuse_casefolding(root.get(), path));
  SIGNEDVFS_ASSIGN(LastingDescriptor lasting, LastingDescriptor::of(std::move(root), path));
  return std::unique_ptr<const DirectoryTree>(
      new DirectoryTree(std::move(lasting), path, limits, std::move(rules)));
}

Result<FileDescriptor> DirectoryTree::open_inside(std::string_view name, Kind kind) const {
  const auto open_it =
      kind == Kind::kFile && rules_.follows_links ? open_beneath_by_links : open_beneath;
  if (root_.is_open()) return open_it(root_.get(), name, kind);
  const FileDescriptor again = open_directory(path_);
  if (!again || !root_.is_same_file(again.get())) {
    return Status(Errc::kIo,
                  "the program has closed the directory's descriptor, and it is not at its path");
  }
  return open_it(again.get(), name, kind);
}

std::optional<std::uint64_t> DirectoryTree::size_of(std::string_view name) const {
  if (!check_member_name(name, limits_).ok()) return {};
  const auto file = open_inside(name, Kind::kFile);
  if (!file.ok()) return {};
  const FileStatus status = status_of(file.value().get());
  if (!status.ok()) return {};
  return status.size;
}

std::optional<std::int64_t> DirectoryTree::modified(std::string_view name) const {
  const auto file = open_inside(name, Kind::kFile);
  if (!file.ok()) return {};
  const FileStatus status = status_of(file.value().get());
  if (!status.ok()) return {};
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t rest = status.modified % kSecond;  // of times before 1970: negative
  return (status.modified - rest) / kSecond - (rest < 0 ? 1 : 0);
}

Result<Buffer> DirectoryTree::read_into(std::string_view name, const Allocate& allocate) const {
  const std::string what = path_ + ": " + in_quotes(name);
  if (Status status = check_member_name(name, limits_); !status.ok()) {
    return std::move(status).in(path_);
  }
  auto opened = open_inside(name, Kind::kFile);
  if (!opened.ok()) return std::move(opened).status().in(path_);
  const FileDescriptor file = std::move(opened).value();
  const FileStatus status = status_of(file.get());
  if (!status.ok()) return system_failure(status.error, what);
  SIGNEDVFS_TRY(SizeCheck(limits_).add(name, status.size).in(path_));
  SIGNEDVFS_ASSIGN(Buffer content, allocated(allocate, status.size));
  SIGNEDVFS_ASSIGN(const std::size_t got, read_some(file.get(), content.bytes(), what));
  if (got != content.size()) {
    return Status(Errc::kShrunk, what + " ends after " + std::to_string(got) + " bytes of " +
                                     std::to_string(content.size()));
  }
  return content;
}

struct DirectoryTree::Walk {
  WalkedTree found;
  std::vector<std::string> directories{""};  // still to be listed; each ends in '/' but the root
  std::uint64_t seen = 0;                    // files and directories
};

Result<std::vector<std::string>> DirectoryTree::names() const {
  SIGNEDVFS_ASSIGN(WalkedTree walked, walk());
  return std::move(walked.names);
}

Result<WalkedTree> DirectoryTree::walk() const {
  Walk walk;
  while (!walk.directories.empty()) {
    const std::string directory = std::move(walk.directories.back());
    walk.directories.pop_back();
    SIGNEDVFS_TRY(list(directory, walk));
  }
  std::sort(walk.found.names.begin(), walk.found.names.end());
  std::sort(walk.found.left_out.begin(), walk.found.left_out.end());
  return std::move(walk.found);
}

Status DirectoryTree::list(const std::string& directory, Walk& walk) const {
  const std::string_view name =
      directory.empty() ? "." : std::string_view(directory).substr(0, directory.size() - 1);
  auto opened = open_inside(name, Kind::kDirectory);
  if (!opened.ok()) return std::move(opened).status().in(path_);
  FileDescriptor fd = std::move(opened).value();
  SIGNEDVFS_TRY(refuse_casefolding(fd.get(), path_ + '/' + directory));
  return read_directory(std::move(fd), path_ + '/' + directory,
                        [&](std::string_view leaf, std::uint32_t type) {
                          return note(directory + std::string(leaf), type, walk);
                        });
}

bool DirectoryTree::is_apart(std::string_view directory) const {
  return std::find(rules_.apart.begin(), rules_.apart.end(), directory) != rules_.apart.end();
}

// is_member tells whether what the walk has `found` can be a member, or lead to some.
Status DirectoryTree::is_member(const std::string& found, std::uint32_t type) const {
  SIGNEDVFS_TRY(check_member_name(found, limits_));
  if (type == kRegularType || type == kDirectoryType) return {};
  if (type != kLinkType || !rules_.follows_links) {
    return {Errc::kNotRegular, in_quotes(found) + " is a link or a special file"};
  }
  const auto file = open_inside(found, Kind::kFile);
  if (file.ok()) return {};
  return {Errc::kNotRegular,
          in_quotes(found) + " is a link that leads to no file inside of the directory"};
}

Status DirectoryTree::note(std::string found, std::uint32_t type, Walk& walk) const {
  if (type == kDirectoryType && is_apart(found)) return {};
  Status status = is_member(found, type);
  if (!status.ok() && !rules_.leaves_out) return std::move(status).in(path_);
  if (walk.seen++ >= limits_.members) {
    return too_large("members", limits_.members,
                     path_ + ": " + in_quotes(found) + " is one file too many");
  }
  if (!status.ok()) {
    walk.found.left_out.push_back(std::move(status).what());
  } else if (type == kDirectoryType) {
    walk.directories.push_back(std::move(found) + '/');
  } else {
    walk.found.names.push_back(std::move(found));
  }
  return {};
}

}  // namespace signedvfs
