// A descriptor that is kept for long, in a program that may close all descriptors.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// LastingDescriptor owns a descriptor and knows which file it was opened for. A daemon closes every
// number at its start, and may get ours again for another file: that one is neither used nor
// closed. What the answers say of content holds for sealed memory that is kept mapped, and for
// nothing else: other files may change whatever their number is, and a file that nobody has in use
// any more may give its inode to another.
class LastingDescriptor {
 public:
  // of takes over `fd`, which is open; `what` is for messages. Fails with `kIo`.
  static Result<LastingDescriptor> of(FileDescriptor fd, const std::string& what);

  LastingDescriptor(LastingDescriptor&&) noexcept = default;
  LastingDescriptor& operator=(LastingDescriptor&&) = delete;
  ~LastingDescriptor();

  // is_open tells whether the number still means our file; `get` returns it.
  bool is_open() const noexcept { return is_same_file(fd_.get()); }
  int get() const noexcept { return fd_.get(); }

  // is_at tells whether a path leads to our file.
  bool is_at(const std::string& path) const noexcept;

  // leave_open keeps the number open for good.
  void leave_open() noexcept { static_cast<void>(fd_.release()); }

  // is_same_file tells whether another descriptor means the same file.
  bool is_same_file(int fd) const noexcept;

 private:
  LastingDescriptor(FileDescriptor fd, dev_t device, ino_t inode) noexcept
      : fd_(std::move(fd)), device_(device), inode_(inode) {}

  FileDescriptor fd_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace signedvfs
