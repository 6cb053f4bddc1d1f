// Files as memory: mmap(2).
#pragma once

#include <cstddef>

#include "archive/base/buffer.h"
#include "archive/base/memory.h"
#include "archive/base/status.h"

namespace signedvfs {

// Both return the first `size` bytes of the file behind `descriptor` as memory that is shared with
// it and unmapped when its owner goes; the descriptor may be closed before. For 0 bytes that is no
// memory at all. Whoever touches a page that the file has lost gets SIGBUS: these are for files
// that only we can shrink, and for system calls, which fail instead. Fail with `kIo`.

// map_for_reading returns memory that nobody may write to, the owner included.
Result<Memory> map_for_reading(int descriptor, std::size_t size);

// map_for_writing returns memory whose content becomes that of the file.
Result<Buffer> map_for_writing(int descriptor, std::size_t size);

}  // namespace signedvfs
