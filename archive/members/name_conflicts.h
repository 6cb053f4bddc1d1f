// Names that cannot stand beside each other in one archive.
#pragma once

#include <span>
#include <string_view>

#include "archive/base/status.h"

namespace signedvfs {

// EmptyDirectories says what becomes of directory entries below which there is no file.
enum class EmptyDirectories : bool { kRefused, kAccepted };

// check_name_conflicts accepts member names, each accepted by `check_member_name`, of which no two
// are equal after `fold_name` and none is the parent of another one. `directories` are the names of
// directory entries without their final '/'; each must be unique likewise, and hold some file.
// Fails with `kDuplicateName`, `kFileAndDirectory`, or `kBadRecord` for an empty directory, unless
// `empty` accepts those.
Status check_name_conflicts(std::span<const std::string_view> files,
                            std::span<const std::string_view> directories,
                            EmptyDirectories empty = EmptyDirectories::kRefused);

}  // namespace signedvfs
