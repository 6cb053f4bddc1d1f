// Single compressed streams, without an archive around them.
#pragma once

#include <cstddef>
#include <span>

#include "archive/base/status.h"
#include "archive/foreign/interface.h"

namespace signedvfs {

// decode_single decodes `file`, which has the form `format` (kSignedvfsForeignLzma or -Bzip2), into
// exactly `dst`. Fails with `kCorruptMember` where it does not decode to that many bytes, and with
// `kIo` where memory is short.
Status decode_single(SignedvfsForeignDecode& decode, int format, std::span<const std::byte> file,
                     std::span<std::byte> dst);

// decode_bzip2 decodes the content of a zip member that is compressed with bzip2 (APPNOTE 4.4.5).
// The shared object is loaded at the first call. Fails as `decode_single` does, and with
// `kNoDecoder`.
Status decode_bzip2(std::span<const std::byte> stored, std::span<std::byte> dst);

// decode_zip_lzma does so with a member that is compressed with LZMA (APPNOTE 5.8): version, size
// of the properties, properties, stream. `has_stop_mark` tells whether the stream says where it
// ends.
Status decode_zip_lzma(std::span<const std::byte> stored, bool has_stop_mark,
                       std::span<std::byte> dst);

}  // namespace signedvfs
