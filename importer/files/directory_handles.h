// Descriptors that stand for directories of an archive.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"
#include "importer/files/territory.h"

namespace signedvfs {

// DirectoryHandle is what such a descriptor means.
struct DirectoryHandle {
  std::shared_ptr<Mount> mount;
  std::string name;  // as in VirtualEntry
};

// DirectoryHandles are those of one interpreter. The descriptor itself is empty sealed memory, so
// that a function which does not know us fails with ENOTDIR and reaches nothing. Nobody tells us
// when it is closed: whether a number still means our memory is asked each time.
class DirectoryHandles {
 public:
  // open returns a new descriptor, which the caller closes. Fails as `sealed_memory` does.
  Result<FileDescriptor> open(DirectoryHandle handle);

  // is_empty is quick, and nearly always true.
  bool is_empty() const noexcept { return count_.load(std::memory_order_relaxed) == 0; }

  // find returns what `descriptor` means, or nothing where it is none of these.
  std::optional<DirectoryHandle> find(int descriptor);

 private:
  struct Known {
    DirectoryHandle handle;
    std::uint64_t device;
    std::uint64_t inode;
  };

  std::unordered_map<int, Known> known_;  // with ProcessLock
  std::atomic<std::size_t> count_ = 0;
};

}  // namespace signedvfs
