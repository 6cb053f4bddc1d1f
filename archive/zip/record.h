// One member's two headers in a zip archive, and the agreement between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "archive/base/byte_cursor.h"
#include "archive/base/status.h"
#include "archive/members/codec.h"

namespace signedvfs {

// ZipRecord is what a central directory header says (APPNOTE 4.3.12), and what follows from where
// its neighbours are.
struct ZipRecord {
  std::string_view name;  // borrowed from the bytes that were read; its rules are not checked here
  // Of the local header. As read it counts from the archive's offset 0, in a ZipDirectory from the
  // file's.
  std::uint64_t offset = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
  std::uint32_t time = 0;         // time and date as in MS-DOS; compared, otherwise without effect
  std::uint32_t header_size = 0;  // of the local header; known to a ZipDirectory only
  std::uint16_t flags = 0;
  Method method = Method::kStored;
  bool is_directory = false;

  // content returns the offset of the first stored byte in the file; in a ZipDirectory only.
  std::uint64_t content() const noexcept { return offset + header_size; }
};

// read_central_header reads the next header into `record` and moves `cursor` past it. Fails with
// `kBadDirectory` where there is none, and with `kBadFlags`, `kBadMethod`, `kBadMode`,
// `kBadRecord`, `kBadZip64` or `kMultiDisk` where it has what is not accepted.
Status read_central_header(ByteCursor& cursor, ZipRecord& record);

// check_local_header requires that `header`, which goes from the local header's first byte to the
// first of the member's stored bytes, says exactly what `record` says (APPNOTE 4.3.7). Fails with
// `kHeaderMismatch`, `kNotTiled` where it ends elsewhere, `kBadRecord` or `kBadZip64`.
Status check_local_header(std::span<const std::byte> header, const ZipRecord& record);

}  // namespace signedvfs
