#include "archive/os/file_source.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "archive/base/limits.h"
#include "archive/os/lasting_descriptor.h"
#include "archive/os/mapping.h"
#include "archive/os/opened_file.h"
#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

// FileSource reads its descriptor, and keeps a mapping for the day the descriptor is gone: a daemon
// must not lose its imports. The number is looked at (fstat) before every read. That is cheap:
// fstat and pread take 1.2 us for a small piece, 3.2 us for 16 KiB and 13 us for 64 KiB.
//
// Out of the mapping the kernel copies, too: process_vm_readv on our own process fails with EFAULT
// where the file has shrunk and memcpy would raise SIGBUS. It takes 2.2, 4.8 and 22 us, and seccomp
// may forbid it; so it comes second. MAP_PRIVATE would change nothing: it is no snapshot.
class FileSource final : public ByteSource {
 public:
  FileSource(LastingDescriptor fd, std::uint64_t size, std::string path)
      : fd_(std::move(fd)), size_(size), path_(std::move(path)) {
    if (size_ > std::numeric_limits<std::size_t>::max()) return;
    Result<Memory> map = map_for_reading(fd_.get(), static_cast<std::size_t>(size_));
    if (map.ok()) map_ = std::move(map).value();
  }

  std::uint64_t size() const noexcept override { return size_; }

  Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
    if (offset > size_ || dst.size() > size_ - offset) return shrunk(offset, dst.size());
    if (fd_.is_open()) return copy_from_descriptor(offset, dst);
    if (map_ != nullptr) return copy_from_map(offset, dst);
    return {Errc::kIo, path_ + ": the program has closed the archive's file descriptor"};
  }

 private:
  Status copy_from_descriptor(std::uint64_t offset, std::span<std::byte> dst) const {
    std::uint64_t at = offset;
    while (at - offset < dst.size()) {
      const auto rest = dst.subspan(static_cast<std::size_t>(at - offset));
      const ssize_t copied = pread(fd_.get(), rest.data(), rest.size(), static_cast<off_t>(at));
      if (copied < 0 && errno == EINTR) continue;
      if (copied < 0) return system_failure(errno, path_);
      if (copied == 0) return shrunk(offset, dst.size());
      at += static_cast<std::uint64_t>(copied);
    }
    return {};
  }

  Status copy_from_map(std::uint64_t offset, std::span<std::byte> dst) const {
    std::uint64_t at = offset;
    while (at - offset < dst.size()) {
      const auto rest = dst.subspan(static_cast<std::size_t>(at - offset));
      const iovec local{rest.data(), rest.size()};
      const iovec remote{map_.get() + at, rest.size()};
      // The process id is asked for every time: after fork it is another one.
      const ssize_t copied = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
      if (copied < 0 && errno == EINTR) continue;
      if (copied == 0 || (copied < 0 && errno == EFAULT)) return shrunk(offset, dst.size());
      if (copied < 0) return system_failure(errno, path_);
      at += static_cast<std::uint64_t>(copied);
    }
    return {};
  }

  Status shrunk(std::uint64_t offset, std::uint64_t count) const {
    return {Errc::kShrunk, path_ + ": no " + std::to_string(count) + " bytes at offset " +
                               std::to_string(offset) + " of what were " + std::to_string(size_)};
  }

  LastingDescriptor fd_;
  std::uint64_t size_;
  std::string path_;
  Memory map_;
};

}  // namespace

Result<std::unique_ptr<const ByteSource>> open_file(const std::string& path,
                                                    std::uint64_t max_bytes) {
  SIGNEDVFS_ASSIGN(OpenedFile opened, open_for_reading(path));
  return open_descriptor(std::move(opened.descriptor), path, max_bytes);
}

Result<std::unique_ptr<const ByteSource>> open_descriptor(FileDescriptor fd,
                                                          const std::string& path,
                                                          std::uint64_t max_bytes) {
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return system_failure(errno, path);
  if (!S_ISREG(status.st_mode)) return Status(Errc::kNotRegular, path + ": not a regular file");
  if (static_cast<std::uint64_t>(status.st_size) > max_bytes) {
    return too_large("archive_bytes", max_bytes,
                     path + ": " + std::to_string(status.st_size) + " bytes");
  }
  SIGNEDVFS_ASSIGN(LastingDescriptor lasting, LastingDescriptor::of(std::move(fd), path));
  return std::unique_ptr<const ByteSource>(std::make_unique<FileSource>(
      std::move(lasting), static_cast<std::uint64_t>(status.st_size), path));
}

}  // namespace signedvfs
