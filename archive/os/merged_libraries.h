// Libraries of the C library that it has taken in since: glibc 2.34 has threads, dlopen(3) and
// others in libc.so.6, and installs files without functions under the old names (glibc's NEWS).
// musl has always had all of them in one file, which is the dynamic linker as well.
#pragma once

#include <string_view>

namespace signedvfs {

// is_merged_library tells whether all that `name` (DT_SONAME) ever had is in the C library of this
// process. What was linked for an older one still needs it by that name.
bool is_merged_library(std::string_view name) noexcept;

// is_linker_itself tells whether the dynamic linker takes itself for the library `name`, whatever
// files there are: it looks for none.
bool is_linker_itself(std::string_view name) noexcept;

}  // namespace signedvfs
