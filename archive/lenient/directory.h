// The directory of a zip archive that is about to be written anew.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/lenient/record.h"

namespace signedvfs {

// LenientDirectory is the list of an archive's members, once there is one way only to read it: each
// name is there once, both headers of each member and its data descriptor say the same, and the
// members fill the space up to the central directory.
struct LenientDirectory {
  std::vector<LenientRecord> members;  // in byte order of their names; `raw_name` is empty
  std::uint64_t begin = 0;             // where the first record stands in the file
  bool has_directories = false;        // entries for them
  std::vector<std::string> vanishing;  // sentences: what will not be there in the rewritten archive
  std::vector<std::string> repeated;   // those of `rewritten` that were there several times
};

// read_lenient_directory accepts, beside what ZipDirectory does, comments, data descriptors, zip64
// and extra fields that are not needed, names in code page 437, empty directories, entries for
// directories with content, and members compressed with bzip2 and lzma. The names `rewritten` are
// those of members that the caller does not carry over: the last of several counts. Sizes keep
// within `limits`. Fails with the one thing that is wrong.
Result<LenientDirectory> read_lenient_directory(const ByteSource& source, const Limits& limits,
                                                std::span<const std::string_view> rewritten);

}  // namespace signedvfs
