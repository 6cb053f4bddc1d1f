#include "importer/pending_reads.h"

#include <algorithm>
#include <utility>

#include "importer/process_lock.h"

namespace signedvfs {

void PendingReads::put(std::shared_ptr<const SignedVfs> vfs, std::string entry,
                       VerifiedBytes content) {
  if (content.size() > kMaxBytes) return;
  std::deque<Read> dropped;  // destroyed after the lock is gone
  const ProcessLock lock;
  bytes_ += content.size();
  reads_.push_back({std::move(vfs), std::move(entry), std::move(content)});
  while (reads_.size() > kMaxReads || bytes_ > kMaxBytes) {
    bytes_ -= reads_.front().content.size();
    dropped.push_back(std::move(reads_.front()));
    reads_.pop_front();
  }
}

std::optional<VerifiedBytes> PendingReads::take(const SignedVfs& vfs, std::string_view entry) {
  std::optional<Read> taken;  // destroyed after the lock is gone
  const ProcessLock lock;
  const auto found = std::find_if(reads_.begin(), reads_.end(), [&](const Read& read) {
    return read.vfs.get() == &vfs && read.entry == entry;
  });
  if (found == reads_.end()) return std::nullopt;
  taken = std::move(*found);
  reads_.erase(found);
  bytes_ -= taken->content.size();
  return std::move(taken->content);
}

}  // namespace signedvfs
