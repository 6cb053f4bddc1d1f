// How memory that the linker is given shows, and what is said where there is none. Private to
// native/.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"
#include "vfs/manifest/native_rules.h"

namespace signedvfs {

// shown_name returns "<archive>/<entry>" with the last part of the archive's path, or as much of
// the end of that as memory can be named.
std::string shown_name(std::string_view archive, std::string_view entry);

// path_to_memory returns a path for load_library that was never used before. Fails with
// `kBadLibrary` where none leads to the memory.
Result<std::string> path_to_memory(const FileDescriptor& memory);

// stand_in returns a file without a name that holds `content`, where the system forbids such
// memory, as `why` says, and `rules` allow it. Fails with `kBadLibrary` where they do not.
Result<FileDescriptor> stand_in(const NativeRules& rules, std::span<const std::byte> content,
                                const Status& why);

}  // namespace signedvfs
