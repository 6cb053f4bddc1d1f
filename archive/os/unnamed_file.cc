#include "archive/os/unnamed_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "archive/os/mapping.h"
#include "archive/os/sealed_memory.h"
#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

// How open(2) says that there are no such files: by the kernel's age, or the file system's kind.
bool is_unsupported(int error) noexcept {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL;
}

}  // namespace

Result<FileDescriptor> unnamed_file(const std::string& directory,
                                    std::span<const std::byte> content) {
  const std::string what = "a file without a name in " + in_quotes(directory);
  FileDescriptor writable(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR));
  if (!writable) {
    const int error = errno;
    Status failure = system_failure(error, what);
    return is_unsupported(error) ? Status(Errc::kUnsupported, std::move(failure).what()) : failure;
  }
  for (std::span<const std::byte> rest = content; !rest.empty();) {
    const ssize_t written = ::write(writable.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(errno, what);
    rest = rest.subspan(static_cast<std::size_t>(written));
  }
  FileDescriptor readable = reopen(writable.get());
  if (!readable) return Status(Errc::kUnsupported, what + " cannot be reached by /proc/self/fd");
  writable = FileDescriptor();
  struct stat status{};
  if (::fstat(readable.get(), &status) != 0) return system_failure(errno, what);
  bool same = static_cast<std::size_t>(status.st_size) == content.size();
  if (same && !content.empty()) {
    SIGNEDVFS_ASSIGN(const Memory memory, map_for_reading(readable.get(), content.size()));
    same = std::memcmp(memory.get(), content.data(), content.size()) == 0;
  }
  if (!same) return Status(Errc::kIo, what + " was changed by somebody while it was written");
  return readable;
}

}  // namespace signedvfs
