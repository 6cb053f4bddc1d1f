#include "archive/os/file_status.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

static_assert(kTypeBits == S_IFMT && kRegularType == S_IFREG && kDirectoryType == S_IFDIR &&
              kLinkType == S_IFLNK && kSetIdBits == (S_ISUID | S_ISGID) && kStickyBit == S_ISVTX &&
              kPermissionBits == (S_IRWXU | S_IRWXG | S_IRWXO));

std::int64_t nanoseconds(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileStatus answer(int result, const struct stat& found) noexcept {
  FileStatus out;
  if (result != 0) {
    out.error = errno;
    return out;
  }
  out.device = found.st_dev;
  out.inode = found.st_ino;
  out.size = static_cast<std::uint64_t>(found.st_size);
  out.modified = nanoseconds(found.st_mtim);
  out.changed = nanoseconds(found.st_ctim);
  out.mode = found.st_mode;
  out.owner = found.st_uid;
  out.group = found.st_gid;
  return out;
}

bool has_nul(const std::string& path) noexcept { return path.find('\0') != std::string::npos; }

FileStatus nothing() noexcept {
  FileStatus out;
  out.error = ENOENT;
  return out;
}

}  // namespace

bool FileStatus::is_missing() const noexcept { return error == ENOENT || error == ENOTDIR; }

FileStatus status_of(const std::string& path) noexcept {
  if (has_nul(path)) return nothing();
  struct stat found{};
  return answer(::stat(path.c_str(), &found), found);
}

FileStatus status_of_link(const std::string& path) noexcept {
  if (has_nul(path)) return nothing();
  struct stat found{};
  return answer(::lstat(path.c_str(), &found), found);
}

FileStatus status_of(int descriptor) noexcept {
  struct stat found{};
  return answer(::fstat(descriptor, &found), found);
}

std::string link_target(const std::string& path, int& error) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
  error = size < 0 ? errno : 0;
  return size < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

bool is_in_proc(const std::string& directory) noexcept {
  struct statfs found{};
  return ::statfs(directory.empty() ? "/" : directory.c_str(), &found) == 0 &&
         found.f_type == PROC_SUPER_MAGIC;
}

Result<std::uint32_t> permissions_of(const std::string& path) {
  const FileStatus found = status_of(path);
  if (!found.ok()) return system_failure(found.error, path);
  return found.mode & kPermissionBits;
}

Result<std::string> resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) return system_failure(errno, path);
  return std::string(real.get());
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return system_failure(errno, path);
  return {};
}

}  // namespace signedvfs
