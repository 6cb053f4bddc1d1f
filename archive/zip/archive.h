// Zip archives as containers.
#pragma once

#include <memory>
#include <string>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/container.h"
#include "archive/zip/last.h"

namespace signedvfs {

// open_zip reads the directory of the zip archive that ends where `source` ends (see ZipDirectory
// for what it accepts). Fails with `kNotAnArchive` where there is no end of central directory
// record, and otherwise with what is wrong. `path` is for messages.
Result<std::unique_ptr<const Container>> open_zip(std::shared_ptr<const ByteSource> source,
                                                  const std::string& path, const Limits& limits);

// why_no_zip returns the failure of `read_zip_tail` for a file that was taken for a zip archive,
// and has the final word: one without its end is `kBadDirectory`. Were another reader asked next,
// the file would choose its parser.
Status why_no_zip(const Status& failure, const std::string& path);

// open_sniffed_zip is open_zip for such a file.
Result<std::unique_ptr<const Container>> open_sniffed_zip(std::shared_ptr<const ByteSource> source,
                                                          const std::string& path,
                                                          const Limits& limits);

// open_zip_with does the same for an archive whose last member, `last`, has been read before its
// directory. Fails with `kBadDirectory` where another one is the last.
Result<std::unique_ptr<const Container>> open_zip_with(std::shared_ptr<const ByteSource> source,
                                                       const std::string& path,
                                                       const Limits& limits,
                                                       const LastMember& last);

}  // namespace signedvfs
