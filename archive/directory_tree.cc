#include "archive/directory_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "archive/names.h"
#include "archive/open_beneath.h"
#include "archive/size_check.h"
#include "archive/system_error.h"

namespace signedvfs {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

// refuse_casefolding fails for directories in which "A.py" finds "a.py". File systems without such
// flags do not know the request, which is an answer as well.
Status refuse_casefolding(int directory, const std::string& path) {
  int flags = 0;
  if (::ioctl(directory, FS_IOC_GETFLAGS, &flags) != 0) return {};
  if ((static_cast<unsigned>(flags) & FS_CASEFOLD_FL) == 0) return {};
  return {Errc::kUnsupported,
          path + ": a directory that ignores case (chattr -F takes that attribute away)"};
}

Result<std::uint64_t> size_of_file(int fd, const std::string& what) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return system_failure(errno, what);
  return static_cast<std::uint64_t>(status.st_size);
}

// mode_type returns the S_IFMT bits of `entry`, a link itself and not what it leads to.
Result<mode_t> mode_type(int directory, const dirent& entry, const std::string& what) {
  if (entry.d_type != DT_UNKNOWN) return static_cast<mode_t>(DTTOIF(entry.d_type));
  struct stat status{};
  if (::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return system_failure(errno, what);
  }
  return status.st_mode & S_IFMT;
}

}  // namespace

Result<std::unique_ptr<const Container>> DirectoryTree::over(FileDescriptor root,
                                                             const std::string& path,
                                                             const Limits& limits) {
  SIGNEDVFS_TRY(refuse_casefolding(root.get(), path));
  SIGNEDVFS_ASSIGN(LastingDescriptor lasting, LastingDescriptor::of(std::move(root), path));
  return std::unique_ptr<const Container>(new DirectoryTree(std::move(lasting), path, limits));
}

Result<FileDescriptor> DirectoryTree::open_inside(std::string_view name, Kind kind) const {
  if (root_.is_open()) return open_beneath(root_.get(), name, kind);
  const FileDescriptor again(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!again || !root_.is_same_file(again.get())) {
    return Status(Errc::kIo,
                  "the program has closed the directory's descriptor, and it is not at its path");
  }
  return open_beneath(again.get(), name, kind);
}

std::optional<std::uint64_t> DirectoryTree::size_of(std::string_view name) const {
  if (!check_member_name(name, limits_).ok()) return {};
  const auto file = open_inside(name, Kind::kFile);
  if (!file.ok()) return {};
  const auto size = size_of_file(file.value().get(), path_);
  if (!size.ok()) return {};
  return size.value();
}

std::optional<std::int64_t> DirectoryTree::modified(std::string_view name) const {
  const auto file = open_inside(name, Kind::kFile);
  struct stat status{};
  if (!file.ok() || ::fstat(file.value().get(), &status) != 0) return {};
  return status.st_mtim.tv_sec;
}

Result<Buffer> DirectoryTree::read(std::string_view name) const {
  const std::string what = path_ + ": " + in_quotes(name);
  if (Status status = check_member_name(name, limits_); !status.ok()) {
    return std::move(status).in(path_);
  }
  auto opened = open_inside(name, Kind::kFile);
  if (!opened.ok()) return std::move(opened).status().in(path_);
  const FileDescriptor file = std::move(opened).value();
  SIGNEDVFS_ASSIGN(const std::uint64_t size, size_of_file(file.get(), what));
  SIGNEDVFS_TRY(SizeCheck(limits_).add(name, size).in(path_));
  Buffer content(static_cast<std::size_t>(size));
  for (auto rest = content.bytes(); !rest.empty();) {
    const ssize_t got = ::read(file.get(), rest.data(), rest.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(errno, what);
    if (got == 0) {
      return Status(Errc::kShrunk, what + " ends after " +
                                       std::to_string(content.size() - rest.size()) + " bytes of " +
                                       std::to_string(content.size()));
    }
    rest = rest.subspan(static_cast<std::size_t>(got));
  }
  return content;
}

struct DirectoryTree::Walk {
  std::vector<std::string> files;
  std::vector<std::string> directories{""};  // still to be listed; each ends in '/' but the root
  std::uint64_t seen = 0;                    // files and directories
};

Result<std::vector<std::string>> DirectoryTree::names() const {
  Walk walk;
  while (!walk.directories.empty()) {
    const std::string directory = std::move(walk.directories.back());
    walk.directories.pop_back();
    SIGNEDVFS_TRY(list(directory, walk));
  }
  std::sort(walk.files.begin(), walk.files.end());
  return std::move(walk.files);
}

Status DirectoryTree::list(const std::string& directory, Walk& walk) const {
  const std::string_view name =
      directory.empty() ? "." : std::string_view(directory).substr(0, directory.size() - 1);
  auto opened = open_inside(name, Kind::kDirectory);
  if (!opened.ok()) return std::move(opened).status().in(path_);
  FileDescriptor fd = std::move(opened).value();
  SIGNEDVFS_TRY(refuse_casefolding(fd.get(), path_ + '/' + directory));
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(fd.get()));
  if (stream == nullptr) return system_failure(errno, path_ + '/' + directory);
  const int descriptor = fd.release();

  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view leaf = entry->d_name;
    if (leaf == "." || leaf == "..") continue;
    std::string found = directory + std::string(leaf);
    const std::string what = path_ + ": " + in_quotes(found);
    if (Status status = check_member_name(found, limits_); !status.ok()) {
      return std::move(status).in(path_);
    }
    if (walk.seen++ >= limits_.members) {
      return too_large("members", limits_.members, what + " is one file too many");
    }
    SIGNEDVFS_ASSIGN(const mode_t type, mode_type(descriptor, *entry, what));
    if (type == S_IFREG) {
      walk.files.push_back(std::move(found));
    } else if (type == S_IFDIR) {
      walk.directories.push_back(std::move(found) + '/');
    } else {
      return {Errc::kNotRegular, what + " is a link or a special file"};
    }
  }
  if (errno != 0) return system_failure(errno, path_ + '/' + directory);
  return {};
}

}  // namespace signedvfs
