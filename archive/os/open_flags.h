// What the flags of open(2) and the modes of access(2) ask for, without their numbers.
#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace signedvfs {

// kReading are the flags by which Python opens a file to read it.
inline constexpr int kReading = O_RDONLY | O_CLOEXEC;

// kExists is the mode that asks for nothing but that something is there.
inline constexpr int kExists = F_OK;

// kFromCurrentDirectory stands for the current directory where a descriptor of one is taken.
inline constexpr int kFromCurrentDirectory = AT_FDCWD;

// OpenFlags tells what open(2) would do.
class OpenFlags {
 public:
  explicit OpenFlags(long flags) noexcept : flags_(flags) {}

  bool writes() const noexcept {
    return (flags_ & O_ACCMODE) != O_RDONLY || has(O_TRUNC) || has(O_TMPFILE);
  }
  bool reads_and_writes() const noexcept { return (flags_ & O_ACCMODE) == O_RDWR; }
  bool truncates() const noexcept { return has(O_TRUNC); }
  bool creates() const noexcept { return has(O_CREAT); }
  bool is_exclusive() const noexcept { return has(O_EXCL); }
  bool wants_directory() const noexcept { return has(O_DIRECTORY); }

 private:
  bool has(long flag) const noexcept { return (flags_ & flag) == flag; }

  long flags_;
};

// asks_to_write and asks_to_run tell it of the mode of access(2).
inline bool asks_to_write(long mode) noexcept { return (mode & W_OK) != 0; }
inline bool asks_to_run(long mode) noexcept { return (mode & X_OK) != 0; }

}  // namespace signedvfs
