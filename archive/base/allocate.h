// Memory that a caller chooses for what is going to be copied or decoded into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "archive/base/buffer.h"
#include "archive/base/status.h"

namespace signedvfs {

// Allocate returns memory for content of exactly `size` bytes, such as a mapping. It is called at
// most once per content, when the size is known and within `Limits`; the content may then still
// turn out to be wrong, and the memory is given back. Nobody else may write to that memory. Empty:
// the caller does not mind, and memory comes from the pool.
using Allocate = std::function<Result<Buffer>(std::size_t size)>;

// allocated returns memory for `size` bytes as `allocate` chooses it. Fails as it does, or with
// `kUsage` where it returns memory of another size.
Result<Buffer> allocated(const Allocate& allocate, std::uint64_t size);

}  // namespace signedvfs
