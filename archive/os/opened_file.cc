#include "archive/os/opened_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "archive/os/system_error.h"

namespace signedvfs {

Result<OpenedFile> open_for_reading(const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    return Status(Errc::kUsage, in_quotes(path) + ": a path cannot have a NUL byte in it");
  }
  OpenedFile opened;
  do {  // O_NONBLOCK: a FIFO without a writer, or a device, must not hang us before fstat(2)
    opened.descriptor =
        FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  } while (!opened.descriptor && errno == EINTR);
  if (!opened.descriptor) {
    // ENXIO is for sockets, which cannot be opened, and for devices that nothing stands behind.
    if (errno == ENXIO || errno == ENODEV) {
      return Status(Errc::kNotRegular,
                    path + ": a socket or a device, where a regular file is expected");
    }
    return system_failure(errno, path);
  }
  struct stat status{};
  if (::fstat(opened.descriptor.get(), &status) != 0) return system_failure(errno, path);
  opened.mode = status.st_mode;
  return opened;
}

Result<std::size_t> read_some(int descriptor, std::span<std::byte> into, const std::string& what) {
  std::size_t size = 0;
  while (size < into.size()) {
    const std::span<std::byte> room = into.subspan(size);
    const ssize_t count = ::read(descriptor, room.data(), room.size());
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(errno, what);
    size += static_cast<std::size_t>(count);
  }
  return size;
}

}  // namespace signedvfs
