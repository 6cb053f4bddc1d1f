// Failed system calls as outcomes.
#pragma once

#include <string>

#include "archive/base/status.h"

namespace signedvfs {

// system_failure returns what the `errno` value `error` means: `kNotFound` where a path does not
// exist, `kIo` otherwise. `what` names the file, and where it helps the operation.
Status system_failure(int error, const std::string& what);

}  // namespace signedvfs
