// Files as sources of bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "archive/base/byte_source.h"
#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// open_file opens the regular file `path` once (no FIFO or device blocks it), maps it and keeps the
// descriptor; the source outlives a program that closes all descriptors. Fails with `kNotFound`,
// `kNotRegular`, `kTooLarge`, `kUsage` for a path with a NUL byte, or `kIo`.
Result<std::unique_ptr<const ByteSource>> open_file(const std::string& path,
                                                    std::uint64_t max_bytes);

// open_descriptor does the same for an open descriptor, which it takes over (and closes on failure
// as well); `path` is for messages.
Result<std::unique_ptr<const ByteSource>> open_descriptor(FileDescriptor fd,
                                                          const std::string& path,
                                                          std::uint64_t max_bytes);

}  // namespace signedvfs
