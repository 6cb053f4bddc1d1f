// What to do about a zip archive that cannot be written anew.
#pragma once

#include "archive/base/status.h"

namespace signedvfs {

// advised returns `failure` with the way out that goes with what is wrong, unless it has one
// already.
Status advised(Status failure);

}  // namespace signedvfs
