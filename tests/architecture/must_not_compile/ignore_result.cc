// A Result is looked at.
// expect: nodiscard
#include "archive/base/status.h"

signedvfs::Result<int> count();

bool ignore() {
#ifdef SHOULD_NOT_COMPILE
  count();
#endif
  return count().ok();
}
