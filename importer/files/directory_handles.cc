#include "importer/files/directory_handles.h"

#include <utility>

#include "archive/os/file_status.h"
#include "archive/os/sealed_memory.h"
#include "importer/python/process_lock.h"

namespace signedvfs {

Result<FileDescriptor> DirectoryHandles::open(DirectoryHandle handle) {
  SIGNEDVFS_ASSIGN(FileDescriptor memory, sealed_memory("signedvfs directory", {}));
  const FileStatus status = status_of(memory.get());
  Known known{std::move(handle), status.device, status.inode};
  const ProcessLock lock;
  std::swap(known_[memory.get()], known);
  count_ = known_.size();
  return memory;
}

std::optional<DirectoryHandle> DirectoryHandles::find(int descriptor) {
  if (is_empty()) return std::nullopt;
  const FileStatus status = status_of(descriptor);
  std::optional<Known> gone;
  const ProcessLock lock;
  const auto at = known_.find(descriptor);
  if (at == known_.end()) return std::nullopt;
  if (status.ok() && status.device == at->second.device && status.inode == at->second.inode) {
    return at->second.handle;
  }
  gone = std::move(at->second);
  known_.erase(at);
  count_ = known_.size();
  return std::nullopt;
}

}  // namespace signedvfs
