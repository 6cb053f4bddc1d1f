#include "archive/os/lasting_descriptor.h"

#include <sys/stat.h>

#include <cerrno>

#include "archive/os/system_error.h"

namespace signedvfs {

Result<LastingDescriptor> LastingDescriptor::of(FileDescriptor fd, const std::string& what) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return system_failure(errno, what);
  return LastingDescriptor(std::move(fd), status.st_dev, status.st_ino);
}

LastingDescriptor::~LastingDescriptor() {
  if (fd_ && !is_open()) static_cast<void>(fd_.release());
}

bool LastingDescriptor::is_same_file(int fd) const noexcept {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
}

bool LastingDescriptor::is_at(const std::string& path) const noexcept {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
}

}  // namespace signedvfs
