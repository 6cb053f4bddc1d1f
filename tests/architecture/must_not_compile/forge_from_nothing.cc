// VerifiedBytes cannot be empty-constructed and filled later.
// expect: no matching|no default constructor
#include "vfs/verified_bytes.h"

std::size_t forge(const signedvfs::VerifiedBytes& genuine) {
#ifdef SHOULD_NOT_COMPILE
  signedvfs::VerifiedBytes forged;
  return forged.size();
#else
  return genuine.size();
#endif
}
