#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "archive/byte_source.h"
#include "archive/lasting_descriptor.h"
#include "archive/limits.h"
#include "archive/system_error.h"

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
    if (size_ == 0 || size_ > std::numeric_limits<std::size_t>::max()) return;
    const auto bytes = static_cast<std::size_t>(size_);
    void* const map = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd_.get(), 0);
    if (map != MAP_FAILED) map_ = static_cast<std::byte*>(map);
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  ~FileSource() override {
    if (map_ != nullptr) munmap(map_, static_cast<std::size_t>(size_));
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
      const iovec remote{map_ + at, rest.size()};
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
  std::byte* map_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<const ByteSource>> open_file(const std::string& path,
                                                    std::uint64_t max_bytes) {
  if (path.find('\0') != std::string::npos) {
    return Status(Errc::kUsage, in_quotes(path) + ": a path cannot contain a NUL byte");
  }
  int fd = -1;
  do {
    // Non-blocking: a FIFO without a writer would hold us for ever.
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0 && errno == ENXIO) return Status(Errc::kNotRegular, path + ": not a regular file");
  if (fd < 0) return system_failure(errno, path);
  return open_descriptor(fd, path, max_bytes);
}

Result<std::unique_ptr<const ByteSource>> open_descriptor(int fd, const std::string& path,
                                                          std::uint64_t max_bytes) {
  FileDescriptor owner(fd);
  struct stat status{};
  if (fstat(fd, &status) != 0) return system_failure(errno, path);
  if (!S_ISREG(status.st_mode)) return Status(Errc::kNotRegular, path + ": not a regular file");
  if (static_cast<std::uint64_t>(status.st_size) > max_bytes) {
    return too_large("archive_bytes", max_bytes,
                     path + ": " + std::to_string(status.st_size) + " bytes");
  }
  SIGNEDVFS_ASSIGN(LastingDescriptor lasting, LastingDescriptor::of(std::move(owner), path));
  return std::unique_ptr<const ByteSource>(std::make_unique<FileSource>(
      std::move(lasting), static_cast<std::uint64_t>(status.st_size), path));
}

}  // namespace signedvfs
