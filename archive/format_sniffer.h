// Telling archives by their first and last bytes, without loading anything that reads them.
#pragma once

#include <cstdint>
#include <string_view>

#include "archive/base/byte_source.h"
#include "archive/base/status.h"

namespace signedvfs {

// Format is who has to read a file: `kZip` where any zip reader, zipimport included, might take it
// for a zip archive, whatever else it is as well; so nobody but the strict zip reader gets it.
// `kStream` is tar or cpio, or a compression that perhaps hides one. `kOther` nobody here reads.
enum class Format : std::uint8_t { kNone, kZip, kStream, kSevenZip, kOther };

// Sniffed is a format with its name for messages.
struct Sniffed {
  Format format = Format::kNone;
  std::string_view label;
};

// sniff looks at the first and the last bytes of `source`. Fails as `copy_out` does.
Result<Sniffed> sniff(const ByteSource& source);

}  // namespace signedvfs
