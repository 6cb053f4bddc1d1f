// Whether a whole archive with an index is what signing wrote. Private to vfs/.
#pragma once

#include <string>

#include "archive/byte_source.h"
#include "archive/limits.h"
#include "archive/status.h"
#include "vfs/backing.h"

namespace signedvfs {

// check_indexed reads all of the zip archive `source`, whose signed header is `head`: the zip
// directory strictly, the manifest, every member by the digest of its content, and the prefix. It
// makes the index again, and every zip header, and requires that they are there byte for byte: so
// whoever asks the zip directory gets what was signed, too, and there is nothing else in the
// archive. Fails with the code of the first thing that is wrong, about its member where it has one.
Status check_indexed(const ByteSource& source, const std::string& path, const ManifestHead& head,
                     const Limits& limits, const Progress& progress);

}  // namespace signedvfs
