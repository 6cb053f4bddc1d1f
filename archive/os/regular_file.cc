#include "archive/os/regular_file.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <utility>

#include "archive/os/opened_file.h"
#include "archive/os/system_error.h"

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
  SIGNEDVFS_ASSIGN(OpenedFile opened, open_for_reading(path));
  if (!S_ISREG(opened.mode)) return not_regular(path, kind_of(opened.mode));
  SIGNEDVFS_TRY(require_content(opened.descriptor.get(), path));
  return std::move(opened.descriptor);
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
