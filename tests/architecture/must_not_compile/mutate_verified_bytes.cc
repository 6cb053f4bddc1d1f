// What has been hashed cannot be changed.
// expect: read-only|const
#include <cstddef>

#include "vfs/verified_bytes.h"

std::byte mutate(signedvfs::VerifiedBytes& genuine) {
#ifdef SHOULD_NOT_COMPILE
  genuine.bytes()[0] = std::byte{0};
#endif
  return genuine.bytes()[0];
}
