// What takes VerifiedBytes takes no span and no Buffer in their place.
// expect: invalid initialization|no matching function|no viable conversion
#include <cstddef>
#include <span>

#include "vfs/verified_bytes.h"

std::size_t execute(const signedvfs::VerifiedBytes& code);

std::size_t pass(const signedvfs::VerifiedBytes& genuine) {
#ifdef SHOULD_NOT_COMPILE
  return execute(genuine.bytes());
#else
  return execute(genuine);
#endif
}
