#include "importer/modules/pending_reads.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "importer/python/process_lock.h"

namespace signedvfs {

void PendingReads::put(std::shared_ptr<const SignedVfs> vfs, std::string stem, ModuleContent read) {
  if (read.content.size() > kMaxBytes) return;
  std::vector<Pending> dropped;  // destroyed after the lock is gone
  const ProcessLock lock;
  bytes_ += read.content.size();
  reads_.push_back({std::move(vfs), std::move(stem), std::move(read)});
  while (reads_.size() > kMaxReads || bytes_ > kMaxBytes) {
    bytes_ -= reads_.front().read.content.size();
    dropped.push_back(std::move(reads_.front()));
    reads_.erase(reads_.begin());
  }
}

std::optional<ModuleContent> PendingReads::take(const SignedVfs& vfs, std::string_view stem) {
  std::optional<Pending> taken;  // destroyed after the lock is gone
  const ProcessLock lock;
  const auto found = std::find_if(reads_.rbegin(), reads_.rend(), [&](const Pending& pending) {
    return pending.vfs.get() == &vfs && pending.stem == stem;
  });
  if (found == reads_.rend()) return std::nullopt;
  taken = std::move(*found);
  reads_.erase(std::next(found).base());
  bytes_ -= taken->read.content.size();
  return std::move(taken->read);
}

}  // namespace signedvfs
