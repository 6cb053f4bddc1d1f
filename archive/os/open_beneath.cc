#include "archive/os/open_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <string>
#include <utility>

#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY;
constexpr int kFileFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

int flags_for(Kind kind) { return kind == Kind::kDirectory ? kDirectoryFlags : kFileFlags; }

// retried_openat is openat(2) that signals do not interrupt.
int retried_openat(int directory, const std::string& name, int flags) {
  int fd = -1;
  do {
    fd = ::openat(directory, name.c_str(), flags);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

int retried_openat2(int root, const std::string& name, int flags,
                    decltype(open_how::resolve) links) {
  open_how how{};
  // O_NOFOLLOW would make a link at the end look like a file in a directory's place.
  how.flags = static_cast<decltype(how.flags)>(flags & ~O_NOFOLLOW);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | links;
  // While others rename, the kernel may not be able to tell where ".." in a link leads.
  constexpr int kMostRaces = 64;
  long fd = -1;
  int races = 0;
  do {
    fd = ::syscall(SYS_openat2, root, name.c_str(), &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++races < kMostRaces)));
  return static_cast<int>(fd);
}

Status refused(int error, const std::string& name) {
  switch (error) {
    case ELOOP:
    case EXDEV:
      return {Errc::kNotRegular, in_quotes(name) + " is, or is reached through, a symbolic link"};
    case ENXIO:  // a socket
    case ENODEV:
      return {Errc::kNotRegular, in_quotes(name) + " is no plain file"};
    default:
      return system_failure(error, in_quotes(name));
  }
}

Result<FileDescriptor> of_kind(FileDescriptor fd, const std::string& name, Kind kind) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return system_failure(errno, in_quotes(name));
  if (kind == Kind::kFile && !S_ISREG(status.st_mode)) {
    return Status(Errc::kNotRegular, in_quotes(name) + " is no plain file");
  }
  return fd;
}

// step opens one component. O_DIRECTORY makes the kernel answer ENOTDIR for a link as well as for a
// file in a directory's place; the two must not look alike.
Result<FileDescriptor> step(int directory, std::string_view component, int flags,
                            const std::string& name) {
  const std::string leaf(component);
  FileDescriptor fd(retried_openat(directory, leaf, flags));
  if (fd) return fd;
  const int error = errno;
  struct stat status{};
  const bool link = ::fstatat(directory, leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISLNK(status.st_mode);
  return refused(link ? ELOOP : error, name);
}

// opened_by opens in one call, of which `links` says what becomes of symbolic links.
Result<FileDescriptor> opened_by(int root, std::string_view name, Kind kind,
                                 decltype(open_how::resolve) links) {
  const std::string path(name);
  FileDescriptor fd(retried_openat2(root, path, flags_for(kind), links));
  if (fd) return of_kind(std::move(fd), path, kind);
  // Sandboxes that do not know openat2 answer ENOSYS or, older ones, EPERM.
  if (errno == ENOSYS || errno == EPERM) return open_beneath_by_steps(root, name, kind);
  return refused(errno, path);
}

}  // namespace

Result<FileDescriptor> open_beneath(int root, std::string_view name, Kind kind) {
  return opened_by(root, name, kind, RESOLVE_NO_SYMLINKS);
}

Result<FileDescriptor> open_beneath_by_links(int root, std::string_view name, Kind kind) {
  return opened_by(root, name, kind, 0);
}

Result<FileDescriptor> open_beneath_by_steps(int root, std::string_view name, Kind kind) {
  const std::string path(name);
  FileDescriptor directory;
  std::string_view rest = name;
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos;
       slash = rest.find('/')) {
    const int above = directory ? directory.get() : root;
    SIGNEDVFS_ASSIGN(directory, step(above, rest.substr(0, slash), kDirectoryFlags, path));
    rest.remove_prefix(slash + 1);
  }
  const int above = directory ? directory.get() : root;
  SIGNEDVFS_ASSIGN(FileDescriptor fd, step(above, rest, flags_for(kind), path));
  return of_kind(std::move(fd), path, kind);
}

}  // namespace signedvfs
