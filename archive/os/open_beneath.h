// Opening files below a directory without ever leaving it.
#pragma once

#include <string_view>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// Kind is what `open_beneath` is to find at the end of the path.
enum class Kind : bool { kFile, kDirectory };

// open_beneath opens the regular file or directory `name` (components divided by '/', no "..") for
// reading. No component of `name` is followed where it is a symbolic link, not even for a moment,
// and a FIFO or device blocks nobody. Fails with `kNotFound`, with `kNotRegular` where something
// else than `kind` is there or a link is on the way, and with `kIo`.
Result<FileDescriptor> open_beneath(int root, std::string_view name, Kind kind);

// open_beneath_by_links does the same, and follows relative links that never leave the root, not
// even for a moment. Where the kernel has no openat2(2), or a sandbox forbids it, nobody can tell,
// and none is followed.
Result<FileDescriptor> open_beneath_by_links(int root, std::string_view name, Kind kind);

// open_beneath_by_steps does the same with a system call per component. `open_beneath` needs it
// where the kernel has no openat2(2), or a sandbox forbids it.
Result<FileDescriptor> open_beneath_by_steps(int root, std::string_view name, Kind kind);

}  // namespace signedvfs
