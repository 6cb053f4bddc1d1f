// memfd_create(2), and F_ADD_SEALS in fcntl(2).
#include "archive/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "archive/system_error.h"

namespace signedvfs {
namespace {

// The kernel's numbers: headers that are older than it lack them, and with these glibcs portable
// interpreters are built.
constexpr unsigned kCloseOnExec = 0x1;
constexpr unsigned kAllowSealing = 0x2;
constexpr unsigned kNoExecSeal = 0x8;  // since Linux 6.3, which can be told to insist on it
constexpr int kAddSeals = 1024 + 9;
constexpr int kGetSeals = 1024 + 10;
constexpr int kAllSeals = 0x1 | 0x2 | 0x4 | 0x8;  // no more seals, shrinking, growing, writing

constexpr std::string_view kWhat = "sealed memory";

Status refused(int error) {
  // Not in this kernel, or not for this process: seccomp filters and security modules choose among
  // these.
  const bool missing = error == ENOSYS || error == EINVAL || error == EPERM || error == EACCES;
  Status status = system_failure(error, std::string(kWhat));
  return missing ? Status(Errc::kUnsupported, std::move(status).what()) : status;
}

Result<FileDescriptor> create(const char* name) {
  const auto memfd_create = [name](unsigned flags) {
    return static_cast<int>(syscall(SYS_memfd_create, name, flags));
  };
  int fd = memfd_create(kCloseOnExec | kAllowSealing | kNoExecSeal);
  if (fd < 0 && errno == EINVAL) fd = memfd_create(kCloseOnExec | kAllowSealing);
  if (fd < 0) return refused(errno);
  return FileDescriptor(fd);
}

Status fill(int fd, std::span<const std::byte> content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(errno, std::string(kWhat));
    content = content.subspan(static_cast<std::size_t>(written));
  }
  if (lseek(fd, 0, SEEK_SET) != 0) return system_failure(errno, std::string(kWhat));
  return {};
}

Status seal(int fd) {
  if (fchmod(fd, S_IRUSR) != 0) return system_failure(errno, std::string(kWhat));
  if (fcntl(fd, kAddSeals, kAllSeals) != 0) return refused(errno);
  const int seals = fcntl(fd, kGetSeals);
  if (seals < 0 || (seals & kAllSeals) != kAllSeals) {
    return {Errc::kUnsupported, std::string(kWhat) + ": the system did not seal it"};
  }
  return {};
}

// check_content compares what the memory holds now that nobody can change it any more. Before, it
// had a path that other processes of the same user can open.
Status check_content(int fd, std::span<const std::byte> content) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return system_failure(errno, std::string(kWhat));
  bool same = static_cast<std::uint64_t>(status.st_size) == content.size();
  if (same && !content.empty()) {
    void* const map = mmap(nullptr, content.size(), PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) return system_failure(errno, std::string(kWhat));
    same = std::memcmp(map, content.data(), content.size()) == 0;
    munmap(map, content.size());
  }
  if (!same) return {Errc::kIo, std::string(kWhat) + ": changed by somebody before it was sealed"};
  return {};
}

}  // namespace

Result<FileDescriptor> sealed_memory(const char* name, std::span<const std::byte> content) {
  SIGNEDVFS_ASSIGN(FileDescriptor memory, create(name));
  SIGNEDVFS_TRY(fill(memory.get(), content));
  SIGNEDVFS_TRY(seal(memory.get()));
  SIGNEDVFS_TRY(check_content(memory.get(), content));
  return memory;
}

}  // namespace signedvfs
