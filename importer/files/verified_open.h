// A target as an open file, for whatever opens one.
#pragma once

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"
#include "importer/files/call.h"

namespace signedvfs {

// open_verified returns a descriptor of the verified content of a file below an archive, or of the
// whole archive, and tells the auditor. Needs the GIL, and releases it for what takes longer.
Result<FileDescriptor> open_verified(Files& files, const Target& target);

// no_update is why the archive's own file is not opened for reading and writing at once.
Status no_update(const Target& target);

}  // namespace signedvfs
