// A Status is looked at.
// expect: nodiscard
#include "archive/base/status.h"

signedvfs::Status check();

bool ignore() {
#ifdef SHOULD_NOT_COMPILE
  check();
#endif
  return check().ok();
}
