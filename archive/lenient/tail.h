// Where the central directory is of a zip archive that is about to be written anew.
#pragma once

#include <cstdint>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/lenient/vanishing.h"
#include "archive/zip/tail.h"

namespace signedvfs {

// read_lenient_tail does what read_zip_tail does, and accepts two things more: a comment of exactly
// the stated length, in which nobody can find another end of an archive, and zip64 records that
// are not needed and say what the end record says. Both are told to `vanishing`.
Result<ZipTail> read_lenient_tail(const ByteSource& source, const Limits& limits,
                                  Vanishing& vanishing);

}  // namespace signedvfs
