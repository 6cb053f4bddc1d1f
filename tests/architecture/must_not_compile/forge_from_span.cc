// VerifiedBytes cannot be made over bytes that somebody else holds.
// expect: no matching|cannot convert|no conversion
#include <cstddef>
#include <span>

#include "vfs/verified_bytes.h"

std::size_t forge(std::span<const std::byte> bytes) {
#ifdef SHOULD_NOT_COMPILE
  return signedvfs::VerifiedBytes(bytes).size();
#else
  return bytes.size();
#endif
}
