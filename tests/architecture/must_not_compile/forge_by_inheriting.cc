// A subclass does not get at the constructor either.
// expect: private
#include <utility>

#include "archive/base/buffer.h"
#include "vfs/verified_bytes.h"

struct Forged : signedvfs::VerifiedBytes {
#ifdef SHOULD_NOT_COMPILE
  explicit Forged(signedvfs::Buffer buffer) : VerifiedBytes(std::move(buffer)) {}
#else
  explicit Forged(signedvfs::VerifiedBytes genuine) : VerifiedBytes(std::move(genuine)) {}
#endif
};
