// Memory for buffers, kept for the next one.
#pragma once

#include <cstddef>

#include "archive/base/memory.h"

namespace signedvfs {

// take_block returns `size` bytes whose content is anything. Imports need one buffer after the
// other, of some ten to some hundred kilobytes: fresh from the system each would be mapped, cleared
// and unmapped page by page, on a machine with several cores not without stopping the others. So a
// few blocks of each common size are kept, four megabytes at most. May be called from any thread,
// and holds no lock that a fork could leave locked.
Memory take_block(std::size_t size);

}  // namespace signedvfs
