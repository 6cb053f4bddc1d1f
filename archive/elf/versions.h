// Which versions of symbols a shared object wants of which library (GNU symbol versioning).
#pragma once

#include <vector>

#include "archive/base/status.h"
#include "archive/elf/dynamic.h"
#include "archive/elf/image.h"
#include "archive/elf/shared_object.h"

namespace signedvfs::elf {

// read_versions returns what DT_VERNEED lists, sorted, each once, as glibc walks it
// (elf/dl-version.c): by the chain, not by the count, which has to agree.
Result<std::vector<NeededVersion>> read_versions(const Image& image, const Dynamic& dynamic);

}  // namespace signedvfs::elf
