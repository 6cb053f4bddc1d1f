// Random access to bytes that anybody may change at any moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "archive/base/status.h"

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

// copy_pieces passes the first `length` bytes of `source` to `sink` in order, in pieces of at most
// a megabyte. Fails as `copy_out` does, or as `sink` does.
Status copy_pieces(const ByteSource& source, std::uint64_t length,
                   const std::function<Status(std::span<const std::byte>)>& sink);

}  // namespace signedvfs
