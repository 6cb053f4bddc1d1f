// A temporary's bytes are gone at the end of the line.
// expect: deleted
#include <cstddef>
#include <span>

#include "vfs/verified_bytes.h"

signedvfs::VerifiedBytes make();

std::size_t dangle() {
#ifdef SHOULD_NOT_COMPILE
  const std::span<const std::byte> bytes = make().bytes();
  return bytes.size();
#else
  const signedvfs::VerifiedBytes genuine = make();
  return genuine.bytes().size();
#endif
}
