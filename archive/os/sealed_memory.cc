// memfd_create(2), and F_ADD_SEALS in fcntl(2).
#include "archive/os/sealed_memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/base/limits.h"
#include "archive/os/mapping.h"
#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

// The kernel's numbers: headers that are older than it lack them, and with these glibcs portable
// interpreters are built.
constexpr unsigned kCloseOnExec = 0x1;
constexpr unsigned kAllowSealing = 0x2;
constexpr unsigned kNoExecSeal = 0x8;   // since Linux 6.3, which can be told to insist on it
constexpr unsigned kExecutable = 0x10;  // likewise
constexpr int kAddSeals = 1024 + 9;
constexpr int kGetSeals = 1024 + 10;
constexpr int kAllSeals = 0x1 | 0x2 | 0x4 | 0x8;  // no more seals, shrinking, growing, writing

constexpr std::string_view kWhat = "sealed memory";
constexpr std::size_t kFew = std::size_t{16} << 10;

Status refused(int error) {
  // Not in this kernel, or not for this process: seccomp filters and security modules choose among
  // these.
  const bool missing = error == ENOSYS || error == EINVAL || error == EPERM || error == EACCES;
  Status status = system_failure(error, std::string(kWhat));
  return missing ? Status(Errc::kUnsupported, std::move(status).what()) : status;
}

Result<FileDescriptor> create(const char* name, MemoryUse use = MemoryUse::kRead) {
  const auto memfd_create = [name](unsigned flags) {
    return static_cast<int>(syscall(SYS_memfd_create, name, flags));
  };
  const unsigned execution = use == MemoryUse::kExecute ? kExecutable : kNoExecSeal;
  int fd = memfd_create(kCloseOnExec | kAllowSealing | execution);
  if (fd < 0 && errno == EINVAL) fd = memfd_create(kCloseOnExec | kAllowSealing);
  if (fd < 0) return refused(errno);
  return FileDescriptor(fd);
}

Status write_all(int fd, std::span<const std::byte> content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(errno, std::string(kWhat));
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Status rewind_to_start(int fd) {
  if (lseek(fd, 0, SEEK_SET) != 0) return system_failure(errno, std::string(kWhat));
  return {};
}

Status seal(int fd, MemoryUse use = MemoryUse::kRead) {
  if (fchmod(fd, use == MemoryUse::kExecute ? S_IRUSR | S_IXUSR : S_IRUSR) != 0)
    return system_failure(errno, std::string(kWhat));
  if (fcntl(fd, kAddSeals, kAllSeals) != 0) {
    if (errno != EBUSY) return refused(errno);
    // A mapping that can be written to. We have none.
    return {Errc::kIo, std::string(kWhat) + ": held open for writing by somebody"};
  }
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
  if (same && content.size() <= kFew) {
    // Copying a few pages costs less than mapping them.
    std::array<std::byte, kFew> found;
    const ssize_t size = pread(fd, found.data(), content.size(), 0);
    same = size == static_cast<ssize_t>(content.size()) &&
           std::equal(content.begin(), content.end(), found.begin());
  } else if (same) {
    SIGNEDVFS_ASSIGN(const Memory memory, map_for_reading(fd, content.size()));
    same = std::memcmp(memory.get(), content.data(), content.size()) == 0;
  }
  if (!same) return {Errc::kIo, std::string(kWhat) + ": changed by somebody before it was sealed"};
  return {};
}

}  // namespace

Result<FileDescriptor> sealed_memory(const char* name, std::span<const std::byte> content,
                                     MemoryUse use) {
  SIGNEDVFS_ASSIGN(FileDescriptor memory, create(name, use));
  SIGNEDVFS_TRY(write_all(memory.get(), content));
  SIGNEDVFS_TRY(rewind_to_start(memory.get()));
  SIGNEDVFS_TRY(seal(memory.get(), use));
  SIGNEDVFS_TRY(check_content(memory.get(), content));
  return memory;
}

Result<std::unique_ptr<SealedVessel>> SealedVessel::create(const char* name, Takes takes) {
  SIGNEDVFS_ASSIGN(FileDescriptor memory, signedvfs::create(name));
  return std::unique_ptr<SealedVessel>(new SealedVessel(std::move(memory), std::move(takes)));
}

std::uint64_t SealedVessel::begin(std::span<const std::byte> first, std::uint64_t size) {
  size_ = takes_ ? std::min(takes_(first, size), size) : size;
  return size_;
}

Status SealedVessel::put(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(memory_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(errno, std::string(kWhat));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<Buffer> SealedVessel::close() {
  SIGNEDVFS_TRY(seal(memory_.get()));
  struct stat status{};
  if (fstat(memory_.get(), &status) != 0) return system_failure(errno, std::string(kWhat));
  // Whoever touches a page that is not there gets SIGBUS.
  if (static_cast<std::uint64_t>(status.st_size) != size_) {
    return Status(Errc::kIo, std::string(kWhat) + ": changed by somebody before it was sealed");
  }
  SIGNEDVFS_ASSIGN(Memory memory, map_for_reading(memory_.get(), static_cast<std::size_t>(size_)));
  return Buffer(std::move(memory));
}

Result<FileDescriptor> sealed_copy(const char* name, int descriptor, std::uint64_t max_bytes,
                                   const std::string& path) {
  constexpr std::size_t kPiece = std::size_t{256} << 10;
  SIGNEDVFS_ASSIGN(FileDescriptor memory, create(name));
  std::vector<std::byte> piece(kPiece);
  for (std::uint64_t copied = 0;;) {
    const ssize_t size = read(descriptor, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_failure(errno, in_quotes(path));
    if (size == 0) break;
    copied += static_cast<std::uint64_t>(size);
    if (copied > max_bytes) return too_large("archive_bytes", max_bytes, in_quotes(path));
    SIGNEDVFS_TRY(write_all(memory.get(), std::span(piece).first(static_cast<std::size_t>(size))));
  }
  SIGNEDVFS_TRY(rewind_to_start(memory.get()));
  SIGNEDVFS_TRY(seal(memory.get()));
  return memory;
}

FileDescriptor reopen(int descriptor) noexcept {
  std::array<char, 32> path;
  (void)std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", descriptor);
  return FileDescriptor(open(path.data(), O_RDONLY | O_CLOEXEC));
}

std::string path_of_descriptor(int descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

}  // namespace signedvfs
