// Random access to bytes that anybody may change at any moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "archive/status.h"

namespace signedvfs {

// ByteSource is a file, or something that behaves like one: of fixed size, with content that may
// differ at every access. `copy_out` is the only way to its bytes; no pointer into a mapping ever
// leaves an implementation, so whoever checks bytes checks a private copy. Implementations are
// immutable and may be used from any thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // size returns the number of bytes that there were when the source was opened.
  virtual std::uint64_t size() const noexcept = 0;

  // copy_out fills `dst` with the bytes from `offset` on. Fails with `kShrunk` where the range does
  // not lie in [0, size()) or no longer exists, with `kIo` otherwise; `dst` is then unspecified.
  // Never raises a signal, whatever happens to the file.
  virtual Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const = 0;
};

// open_file opens the regular file `path` once (no FIFO or device blocks it), maps it and keeps the
// descriptor; the source outlives a program that closes all descriptors. Fails with `kNotFound`,
// `kNotRegular`, `kTooLarge`, `kUsage` for a path with a NUL byte, or `kIo`.
Result<std::unique_ptr<const ByteSource>> open_file(const std::string& path,
                                                    std::uint64_t max_bytes);

// open_descriptor does the same for an open descriptor, which it takes over (and closes on failure
// as well); `path` is for messages.
Result<std::unique_ptr<const ByteSource>> open_descriptor(int fd, const std::string& path,
                                                          std::uint64_t max_bytes);

}  // namespace signedvfs
