// Filling a vessel, on as many cores as help. Private to vfs/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "archive/base/buffer.h"
#include "archive/base/status.h"
#include "archive/base/vessel.h"

namespace signedvfs {

// Filled is what has become of a content: what the vessel took, closed, and a private copy of the
// rest, which it did not take.
struct Filled {
  Buffer closed;
  Buffer rest;
};

// CopyOut copies the bytes from `offset` on. Several threads may call it.
using CopyOut = std::function<Status(std::uint64_t offset, std::span<std::byte> bytes)>;

// fill has `vessel` take the `size` bytes that `copy_out` gives. It copies in pieces that stay in
// the processor's cache on their way.
Result<Filled> fill(Vessel& vessel, std::uint64_t size, const CopyOut& copy_out);

// fill_from has it take `content`, which is in memory already; nothing is copied of the rest.
Result<Buffer> fill_from(Vessel& vessel, std::span<const std::byte> content);

}  // namespace signedvfs
