// Zip archives as containers.
#pragma once

#include <memory>
#include <string>

#include "archive/byte_source.h"
#include "archive/container.h"
#include "archive/limits.h"
#include "archive/status.h"

namespace signedvfs {

// open_zip reads the directory of the zip archive that ends where `source` ends (see ZipIndex for
// what it accepts). Fails with `kNotAnArchive` where there is no end of central directory record,
// and otherwise with what is wrong. `path` is for messages.
Result<std::unique_ptr<const Container>> open_zip(std::shared_ptr<const ByteSource> source,
                                                  const std::string& path, const Limits& limits);

// open_sniffed_zip does the same for a file that was taken for a zip archive, and has the final
// word: one without its end is `kBadDirectory`. Were another reader asked next, the file would
// choose its parser.
Result<std::unique_ptr<const Container>> open_sniffed_zip(std::shared_ptr<const ByteSource> source,
                                                          const std::string& path,
                                                          const Limits& limits);

}  // namespace signedvfs
