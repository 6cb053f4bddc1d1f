#include "archive/os/directory_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>

#include "archive/base/file_mode.h"
#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

Result<std::uint32_t> type_of_entry(int directory, const dirent& entry, const std::string& path) {
  if (entry.d_type != DT_UNKNOWN) return static_cast<std::uint32_t>(DTTOIF(entry.d_type));
  struct stat status{};
  if (::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return system_failure(errno, path + ": " + in_quotes(entry.d_name));
  }
  return type_of(status.st_mode);
}

// get_flags calls ioctl(2), which takes its request as unsigned long in glibc and as int in musl.
template <class Request>
int get_flags(int (*control)(int, Request, ...), int directory, int& flags) noexcept {
  return control(directory, static_cast<Request>(FS_IOC_GETFLAGS), &flags);
}

}  // namespace

bool ignores_case(int directory) noexcept {
  int flags = 0;
  return get_flags(::ioctl, directory, flags) == 0 &&
         (static_cast<unsigned>(flags) & FS_CASEFOLD_FL) != 0;
}

Status read_directory(FileDescriptor directory, const std::string& path, const SeeEntry& see) {
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(directory.get()));
  if (stream == nullptr) return system_failure(errno, path);
  const int descriptor = directory.release();
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    SIGNEDVFS_ASSIGN(const std::uint32_t type, type_of_entry(descriptor, *entry, path));
    SIGNEDVFS_TRY(see(name, type));
  }
  if (errno != 0) return system_failure(errno, path);
  return {};
}

FileDescriptor open_directory(const std::string& path) {
  return FileDescriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace signedvfs
