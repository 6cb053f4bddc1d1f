// Zip archives that are about to be written anew, as containers. For those who write them, and for
// nobody else: whatever imports or compares has open_zip (archive/zip/archive.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/container.h"

namespace signedvfs {

// LenientZip is an archive of which every member can be read in one way only.
struct LenientZip {
  std::unique_ptr<const Container> container;
  bool has_directories = false;        // entries for them
  std::vector<std::string> vanishing;  // sentences: what will not be there in the rewritten archive
  std::vector<std::string> repeated;   // see LenientDirectory
};

// open_lenient_zip reads the directory of the zip archive `source`, and every local header (see
// read_lenient_directory). What is compressed in a way that open_zip does not read comes out of
// `read_packed` deflated. Fails with the one thing that is wrong, and what to do about it. `path`
// is for messages.
Result<LenientZip> open_lenient_zip(std::shared_ptr<const ByteSource> source,
                                    const std::string& path, const Limits& limits,
                                    std::span<const std::string_view> rewritten);

}  // namespace signedvfs
