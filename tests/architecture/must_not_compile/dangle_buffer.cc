// The same holds for a temporary Buffer.
// expect: deleted
#include <cstddef>

#include "archive/base/buffer.h"

std::size_t dangle() {
#ifdef SHOULD_NOT_COMPILE
  return signedvfs::Buffer(8).bytes().size();
#else
  const signedvfs::Buffer buffer(8);
  return buffer.bytes().size();
#endif
}
