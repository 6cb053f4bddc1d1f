// Reading a member without looking at the outcome is no way to verify it.
// expect: nodiscard
#include "vfs/signed_vfs.h"

bool ignore(const signedvfs::SignedVfs& vfs) {
#ifdef SHOULD_NOT_COMPILE
  vfs.read("module.py");
#endif
  return vfs.read("module.py").ok();
}
