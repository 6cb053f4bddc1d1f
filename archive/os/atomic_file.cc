#include "archive/os/atomic_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

constexpr std::uint64_t kWriteBehind = std::uint64_t{8} << 20U;

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

// hidden_name returns a new name for a temporary file beside `path`.
std::string hidden_name(const std::string& path) {
  constexpr std::size_t kKept = 200;  // of the file's own name, so that NAME_MAX is not reached
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
  std::uint64_t random = 0;
  // Only a name: should there be no entropy, O_EXCL still decides.
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0) random = 0;
  std::string suffix;
  for (int i = 0; i < 8; ++i, random >>= 5U) suffix += kDigits[random & 31U];
  const std::string directory = directory_of(path);
  const std::size_t begin = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  return directory + "." + path.substr(begin, kKept) + "." + suffix;
}

// sync_directory makes the rename itself durable, as far as the file system allows: the file is
// complete and in place whether it succeeds or not.
void sync_directory(const char* path) noexcept {
  const FileDescriptor directory(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) fsync(directory.get());
}

// move_without_replacing is rename(2), but fails with EEXIST. Returns 0 or -1 as that does. Not
// every C library has a function for the system call.
int move_without_replacing(const char* from, const char* to) noexcept {
  if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (link(from, to) != 0) return -1;  // file systems without that flag have links
  return unlink(from);
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::string& path, std::optional<std::uint32_t> mode) {
  constexpr int kTries = 100;
  if (path.empty() || path.back() == '/' || path.find('\0') != std::string::npos) {
    return Status(Errc::kUsage, in_quotes(path) + " cannot be a file");
  }
  AtomicFile file;
  file.path_ = path;
  int error = EEXIST;
  for (int i = 0; i < kTries && !file.fd_ && (error == EEXIST || error == EINTR); ++i) {
    std::string temporary = hidden_name(path);
    file.fd_ =
        FileDescriptor(open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                            mode ? S_IRUSR | S_IWUSR : 0666));
    error = errno;
    if (file.fd_) file.temporary_ = std::move(temporary);
  }
  if (!file.fd_) return system_failure(error, path);
  if (mode && fchmod(file.fd_.get(), *mode) != 0) return system_failure(errno, path);
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      written_(other.written_),
      under_way_(other.under_way_),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(written_, other.written_);
  std::swap(under_way_, other.under_way_);
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  return *this;
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(errno, path_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    written_ += static_cast<std::uint64_t>(written);
  }
  if (written_ - under_way_ >= kWriteBehind) {
    // Should it fail: what matters is `fsync`.
    static_cast<void>(sync_file_range(fd_.get(), static_cast<off_t>(under_way_),
                                      static_cast<off_t>(written_ - under_way_),
                                      SYNC_FILE_RANGE_WRITE));
    under_way_ = written_;
  }
  return {};
}

Status AtomicFile::commit(bool replace) && {
  AtomicFile file = std::move(*this);  // whatever happens, it ends here
  if (fsync(file.fd_.get()) != 0) return system_failure(errno, file.path_);
  const std::string directory = directory_of(file.path_);  // nothing may fail after the rename
  const char* const from = file.temporary_.c_str();
  const char* const to = file.path_.c_str();
  if ((replace ? rename(from, to) : move_without_replacing(from, to)) != 0) {
    if (errno == EEXIST) {
      return {Errc::kUsage, file.path_ + " exists already; remove it or choose another name"};
    }
    return system_failure(errno, file.path_);
  }
  file.temporary_.clear();
  sync_directory(directory.c_str());
  return {};
}

}  // namespace signedvfs
