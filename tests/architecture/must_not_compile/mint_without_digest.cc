// What was decoded is not verified because it could be decoded: ContentCheck compares first.
// expect: private
#include <utility>

#include "vfs/content_check.h"

using signedvfs::ContentCheck;
using signedvfs::IndexRecord;

signedvfs::Result<signedvfs::VerifiedBytes> mint(signedvfs::Buffer stored,
                                                 signedvfs::VerifiedBytes genuine) {
#ifdef SHOULD_NOT_COMPILE
  return ContentCheck::of_stored(std::move(stored), IndexRecord(), "module.py", {});
#else
  if (stored.size() == 0) return signedvfs::Status(signedvfs::Errc::kNotFound, "module.py");
  return genuine;
#endif
}
