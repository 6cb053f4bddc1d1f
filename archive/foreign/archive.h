// Archives of formats other than zip, decoded once into memory.
#pragma once

#include <memory>
#include <string>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/foreign/admission.h"
#include "archive/members/container.h"

namespace signedvfs {

// ForeignKind is how an archive that is no zip has to be read: 7z has its directory at the end, tar
// and cpio are streams, plain or compressed by gzip, bzip2, xz or zstd.
enum class ForeignKind : bool { kStream, kSevenZip };

// open_foreign decodes the archive in `source` by way of libarchive, which is loaded at the first
// call, and keeps all members in memory; the file is not needed afterwards. The rules for members
// are those for zip, with the same codes. `admission` is asked as it goes; null admits everything
// that `limits` allow. Fails with `kNoDecoder` where the shared object is missing, `kForeignFormat`
// where libarchive refuses the bytes or warns of anything, `kTooLarge`, `kTrailingBytes`, or what
// is wrong with a member.
Result<std::unique_ptr<const Container>> open_foreign(std::unique_ptr<const ByteSource> source,
                                                      ForeignKind kind, const std::string& path,
                                                      const Limits& limits,
                                                      Admission* admission = nullptr);

}  // namespace signedvfs
