// 7z archives with their directory decoded and looked at.
#pragma once

#include <memory>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/foreign/interface.h"

namespace signedvfs {

// SevenZip is a 7z archive as libarchive gets it.
struct SevenZip {
  std::unique_ptr<const ByteSource> source;
  std::uint64_t directory_bytes = 0;
};

// open_seven_zip returns the 7z archive `source` with a directory that is plain, that has been
// checked (seven_zip_header.h), and that is in private memory, so that what libarchive reads is
// what was checked. Fails with `kForeignFormat`, `kTrailingBytes` where something stands behind the
// archive's end, for which libarchive does not look, or as the checks do.
Result<SevenZip> open_seven_zip(std::unique_ptr<const ByteSource> source,
                                SignedvfsForeignDecode& decode, const Limits& limits);

}  // namespace signedvfs
