// VerifiedBytes come from a SignedVfs, not out of a Buffer.
// expect: private|not.*constructible|no matching
#include <utility>

#include "archive/base/buffer.h"
#include "vfs/verified_bytes.h"

std::size_t forge(signedvfs::Buffer buffer, signedvfs::VerifiedBytes genuine) {
#ifdef SHOULD_NOT_COMPILE
  genuine = signedvfs::VerifiedBytes(std::move(buffer));
#endif
  return buffer.size() + genuine.size();
}
