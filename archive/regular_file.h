// Opening what has to be a regular file, without waiting for anything else.
#pragma once

#include <string>

#include "archive/file_descriptor.h"
#include "archive/status.h"

namespace signedvfs {

// open_regular opens `path` for reading where a regular file, or a link to one, stands there. It
// never waits: not for somebody to write to a FIFO, and for no device. Fails with `kNotRegular`,
// which says what it is instead, `kNotFound`, `kIo`, or `kUsage` for a path with a NUL byte.
Result<FileDescriptor> open_regular(const std::string& path);

}  // namespace signedvfs
