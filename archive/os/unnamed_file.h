// Files without a name (O_TMPFILE in open(2)): what can stand in for sealed memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// unnamed_file returns a descriptor, for reading, of a file without a name in `directory` that
// holds exactly `content`. Nobody can open it by a path but through this process's /proc, for
// writing only its owner after a chmod, and root: weaker than sealed memory. Fails with
// `kUnsupported` where the file system has no such files, else with `kIo`.
Result<FileDescriptor> unnamed_file(const std::string& directory,
                                    std::span<const std::byte> content);

}  // namespace signedvfs
