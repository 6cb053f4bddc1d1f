// VerifiedBytes have one owner; a copy would be bytes that nobody has hashed.
// expect: deleted|implicitly-deleted
#include <utility>

#include "vfs/verified_bytes.h"

std::size_t copy(signedvfs::VerifiedBytes genuine) {
#ifdef SHOULD_NOT_COMPILE
  const signedvfs::VerifiedBytes other = genuine;
#else
  const signedvfs::VerifiedBytes other = std::move(genuine);
#endif
  return other.size();
}
