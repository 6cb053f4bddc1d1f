// Archives of formats other than zip, decoded once into memory.
#pragma once

#include <memory>
#include <string>

#include "archive/admission.h"
#include "archive/byte_source.h"
#include "archive/container.h"
#include "archive/limits.h"
#include "archive/status.h"

namespace signedvfs {

// open_foreign decodes the archive in `source` by way of libarchive, which is loaded at the first
// call, and keeps all members in memory; the file is not needed afterwards. The rules for members
// are those for zip, with the same codes. `admission` is asked as it goes; null admits everything
// that `limits` allow. Fails with `kNoDecoder` where the shared object is
// missing, `kForeignFormat` where libarchive refuses the bytes or warns of anything, `kTooLarge`,
// `kTrailingBytes`, or what is wrong with a member.
Result<std::unique_ptr<const Container>> open_foreign(std::unique_ptr<const ByteSource> source,
                                                      ForeignKind kind, const std::string& path,
                                                      const Limits& limits,
                                                      Admission* admission = nullptr);

}  // namespace signedvfs
