#include "archive/regular_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>

#include "archive/system_error.h"

namespace signedvfs {
namespace {

const char* kind_of(mode_t mode) noexcept {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

Status not_regular(const std::string& path, const char* kind) {
  return {Errc::kNotRegular, path + ": " + kind + ", where a regular file is expected"};
}

}  // namespace

Result<FileDescriptor> open_regular(const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    return Status(Errc::kUsage, in_quotes(path) + ": a path cannot contain a NUL byte");
  }
  FileDescriptor file;
  do {
    // Non-blocking: a FIFO without a writer would hold us for ever.
    file = FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  } while (!file && errno == EINTR);
  // ENXIO is for sockets, which cannot be opened, and for devices that nothing stands behind.
  if (!file && errno == ENXIO) return not_regular(path, "a socket or device");
  if (!file) return system_failure(errno, path);
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return system_failure(errno, path);
  if (!S_ISREG(status.st_mode)) return not_regular(path, kind_of(status.st_mode));
  SIGNEDVFS_TRY(require_content(file.get(), path));
  return file;
}

Status require_content(int descriptor, const std::string& path) {
  struct stat status{};
  if (fstat(descriptor, &status) != 0) return system_failure(errno, path);
  struct statfs system{};
  if (fstatfs(descriptor, &system) != 0) return system_failure(errno, path);
  if (system.f_type == PROC_SUPER_MAGIC) {
    return {Errc::kNotRegular,
            path +
                ": the system makes it up as it is read, where a regular file is "
                "expected"};
  }
  if (status.st_size == 0) {
    return {Errc::kNotRegular, path + ": empty, where a file with content is expected"};
  }
  return {};
}

}  // namespace signedvfs
