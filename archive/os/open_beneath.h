// Opening files below a directory without ever leaving it.
#pragma once

#include <cstdint>
#include <string_view>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// Kind is what `open_beneath` is to find at the end of the path.
enum class Kind : bool { kFile, kDirectory };

// Links says which symbolic links are followed on the way.
enum class Links : std::uint8_t {
  kNone,
  // Relative ones that never leave the root, not even for a moment. Where the kernel has no
  // openat2(2), or a sandbox forbids it, nobody can tell, and none is followed.
  kInside,
};

// open_beneath opens the regular file or directory `name` (components divided by '/', no "..") for
// reading. A component of `name` that is a symbolic link is followed as `links` says, and a FIFO or
// device blocks nobody. Fails with `kNotFound`, with `kNotRegular` where something else than `kind`
// is there or a link that is not followed is on the way, and with `kIo`.
Result<FileDescriptor> open_beneath(int root, std::string_view name, Kind kind,
                                    Links links = Links::kNone);

// open_beneath_by_steps does the same with a system call per component, and follows no link.
// `open_beneath` needs it where the kernel has no openat2(2), or a sandbox forbids it.
Result<FileDescriptor> open_beneath_by_steps(int root, std::string_view name, Kind kind);

}  // namespace signedvfs
