// Where a zip archive's central directory is.
#pragma once

#include <cstdint>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"

namespace signedvfs {

// ZipTail is what the records at the end of a zip archive say, all of it in agreement and in range.
struct ZipTail {
  std::uint64_t base = 0;       // where offset 0 is in the file
  std::uint64_t directory = 0;  // where the central directory begins in the file
  std::uint64_t directory_size = 0;
  std::uint64_t count = 0;  // of central directory records; they fit into `directory_size`
};

// read_zip_tail reads the end of central directory record that ends exactly where `source` ends,
// and the zip64 records where (and only where) its fields cannot hold the numbers. The central
// directory must end where the first of these records begins. Fails with `kNotAnArchive`,
// `kTrailingBytes`, `kMultiDisk`, `kBadZip64`, `kBadDirectory` or `kTooLarge`.
Result<ZipTail> read_zip_tail(const ByteSource& source, const Limits& limits);

}  // namespace signedvfs
