// Whether a whole archive with an index is what signing wrote. Private to vfs/.
#pragma once

#include <functional>
#include <string>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "vfs/backing.h"
#include "vfs/manifest/manifest.h"

namespace signedvfs {

// AskManifest returns the manifest, whose lines are read and checked when it is first asked.
using AskManifest = std::function<Result<const Manifest*>()>;

// check_indexed reads all of the zip archive `source`, whose signed header is `header`: the zip
// directory strictly, the manifest, every member by the digest of its content, and the prefix. It
// makes the index again, and every zip header, those of directories included where there are any,
// and requires that they are there byte for byte: so whoever asks the zip directory gets what was
// signed, too, and there is nothing else in the archive. Fails with the code of the first thing
// that is wrong, about its member where it has one.
Status check_indexed(const ByteSource& source, const std::string& path, const SignedHeader& header,
                     const Limits& limits, const AskManifest& manifest_lines,
                     const MembersDone& progress);

}  // namespace signedvfs
