// Opening what has to be a regular file, without waiting for anything else.
#pragma once

#include <string>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// open_regular opens `path` for reading where a regular file, or a link to one, stands there. It
// never waits: not for somebody to write to a FIFO, and for no device. Fails with `kNotRegular`,
// which says what it is instead, `kNotFound`, `kIo`, or `kUsage` for a path with a NUL byte.
// What is empty, or made up by the system as it is read (files below /proc say that they are empty,
// and reading one may wait, or take what others were to read), is `kNotRegular`, too.
Result<FileDescriptor> open_regular(const std::string& path);

// require_content fails with `kNotRegular` where the regular file behind `descriptor`, named `path`
// in the message, is empty or on procfs; with `kIo` where the system does not tell. It reads
// nothing.
Status require_content(int descriptor, const std::string& path);

}  // namespace signedvfs
