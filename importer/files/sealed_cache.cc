#include "importer/files/sealed_cache.h"

#include <algorithm>
#include <utility>

#include "archive/os/mapping.h"
#include "archive/os/sealed_memory.h"
#include "importer/python/process_lock.h"

namespace signedvfs {
namespace {

constexpr std::size_t kMost = 64;
constexpr std::uint64_t kLargest = std::uint64_t{256} << 10;

}  // namespace

std::shared_ptr<const LastingDescriptor> SealedCache::find(const SignedVfs* vfs,
                                                           const std::string& name) {
  const ProcessLock lock;
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& one) {
    return one.vfs.get() == vfs && one.name == name;
  });
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return found->memory;
}

void SealedCache::keep(Kept one) {
  std::list<Kept> gone;  // closed when the lock is open again
  const ProcessLock lock;
  kept_.push_front(std::move(one));
  if (kept_.size() > kMost) gone.splice(gone.begin(), kept_, std::prev(kept_.end()));
}

Result<FileDescriptor> SealedCache::open(const std::shared_ptr<const SignedVfs>& vfs,
                                         const std::string& name, std::uint64_t size,
                                         const Make& make) {
  if (size == 0 || size > kLargest) return make();
  if (const auto memory = find(vfs.get(), name)) {
    // By way of /proc, which need not be there, or the system's own: the memory itself is asked.
    FileDescriptor again = reopen(memory->get());
    if (again && memory->is_same_file(again.get())) return again;
  }
  SIGNEDVFS_ASSIGN(FileDescriptor made, make());
  FileDescriptor again = reopen(made.get());
  if (!again) return made;
  SIGNEDVFS_ASSIGN(Memory held, map_for_reading(made.get(), 1));
  SIGNEDVFS_ASSIGN(auto lasting, LastingDescriptor::of(std::move(made), "sealed memory"));
  const auto memory = std::make_shared<const LastingDescriptor>(std::move(lasting));
  if (!memory->is_same_file(again.get())) return make();
  keep({vfs, name, memory, std::move(held)});
  return again;
}

}  // namespace signedvfs
