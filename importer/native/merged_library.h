// Something in the place of a library that is a part of the C library by now. Private to native/.
#pragma once

#include <cstdint>
#include <string>

#include "archive/base/status.h"

namespace signedvfs {

// load_merged_library has the linker take a shared object of our own making, which has nothing in
// it, for what needs `name`: a library of which is_merged_library (archive/os/) tells that the C
// library has all of it. Systems install such empty files themselves; where there is none, as in a
// directory with the C library alone, nothing is missing. `machine_flags` are those of the C
// library (SharedObject). Fails where there is no memory that the linker can load from.
Status load_merged_library(const std::string& name, std::uint32_t machine_flags);

}  // namespace signedvfs
