// os.scandir of directories in archives.
#pragma once

#include "archive/base/status.h"
#include "importer/files/call.h"
#include "importer/files/files.h"

namespace signedvfs {

// scan returns an iterator over a directory, as os.scandir does: a context manager with `close`,
// whose items count as os.DirEntry for whoever asks isinstance.
Result<PyRef> scan(Files& files, Target directory);

// make_scanning makes the two classes.
Status make_scanning(Files& files);

}  // namespace signedvfs
