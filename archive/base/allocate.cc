#include "archive/base/allocate.h"

#include <string>

namespace signedvfs {

Result<Buffer> allocated(const Allocate& allocate, std::uint64_t size) {
  const auto wanted = static_cast<std::size_t>(size);
  if (!allocate) return Buffer(wanted);
  SIGNEDVFS_ASSIGN(Buffer memory, allocate(wanted));
  if (memory.size() == wanted) return memory;
  return Status(Errc::kUsage, "memory of " + std::to_string(memory.size()) +
                                  " bytes was given for content of " + std::to_string(wanted));
}

}  // namespace signedvfs
