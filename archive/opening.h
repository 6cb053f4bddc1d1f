// Opening whatever a path names: a directory, a zip archive, or an archive of another format.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/foreign/archive.h"
#include "archive/members/container.h"

namespace signedvfs {

// OpenedPath is what a path named at one moment: an archive, of which nothing has been read but
// what tells its format, or a directory. Exactly one of the three pointers is set.
struct OpenedPath {
  std::shared_ptr<const ByteSource> zip;
  std::unique_ptr<const ByteSource> foreign;  // an archive of another format
  ForeignKind kind = ForeignKind::kStream;    // of `foreign`
  std::unique_ptr<const Container> directory;
};

// open_path does what open_container does, but leaves archives to be read by the caller.
Result<OpenedPath> open_path(const std::string& path, const Limits& limits);

// open_container opens what `path` names: a directory, a zip archive (alone or appended to another
// file), or any other archive that libarchive reads, which is decoded into memory at once, all of
// it under `limits`: for those who sign, and believe nobody but themselves. Fails with `kNotFound`,
// `kNotAnArchive` where nothing there resembles an archive, or what is wrong.
Result<std::unique_ptr<const Container>> open_container(const std::string& path,
                                                        const Limits& limits);

// resembles_archive tells whether zip readers or libarchive might take the file for an archive:
// whether its bytes are to be refused where `open_container` fails, or are none of our business.
Result<bool> resembles_archive(const std::string& path);

// StatedNames is what a file says of itself, before anybody has vouched for it.
struct StatedNames {
  bool is_archive = false;  // as `resembles_archive` tells

  // names are those of the members, in byte order. There are none where nobody can know without
  // decoding the archive (any but a zip archive), or where the directory is not to be read: it is
  // malformed, or exceeds the limits.
  std::optional<std::vector<std::string>> names;
};

// names_in reads the directory of the archive at `path`, and nothing else of it, under `limits`.
// Fails with `kNotFound`, `kNotRegular`, `kTooLarge`, `kUsage` or `kIo` where that cannot be
// opened.
Result<StatedNames> names_in(const std::string& path, const Limits& limits);

}  // namespace signedvfs
