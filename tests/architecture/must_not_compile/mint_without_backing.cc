// Who has made up a digest cannot have content compared with it: only backings may ask.
// expect: private
#include <utility>

#include "vfs/content_check.h"

using signedvfs::ContentCheck;

#ifdef SHOULD_NOT_COMPILE
signedvfs::Result<signedvfs::VerifiedBytes> mint(signedvfs::Buffer content,
                                                 const signedvfs::Digest& of_mine) {
  return ContentCheck::of_content(std::move(content), of_mine, "module.py");
}
#else
signedvfs::Status mint(const signedvfs::Buffer& content, const signedvfs::Digest& of_mine) {
  return signedvfs::check_digest(content.bytes(), of_mine, "module.py");
}
#endif
