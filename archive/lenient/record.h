// One member of a zip archive that is about to be written anew: its two headers, and what follows
// its content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "archive/base/byte_cursor.h"
#include "archive/base/byte_source.h"
#include "archive/base/status.h"
#include "archive/lenient/vanishing.h"

namespace signedvfs {

// LenientMethod is a compression method by its number in the zip format (APPNOTE 4.4.5).
enum class LenientMethod : std::uint16_t {
  kStored = 0,
  kDeflate = 8,
  kBzip2 = 12,
  kLzma = 14,
  kZstd = 93,
};

// LenientRecord is what both headers say.
struct LenientRecord {
  std::string name;           // in UTF-8; that of a directory ends with '/'
  std::string_view raw_name;  // as it stands in the headers; borrowed
  std::uint64_t offset = 0;   // of the local header. As read it counts from the archive's offset 0
  std::uint64_t content = 0;  // offset in the file of the first stored byte; once that is known
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
  std::uint32_t time = 0;  // time and date as in MS-DOS
  std::uint16_t flags = 0;
  LenientMethod method = LenientMethod::kStored;
  bool is_directory = false;
  bool has_extra = false;  // that says anything but sizes
  bool has_needless_zip64 = false;
  bool has_comment = false;
  bool has_mode_bits = false;

  bool has_descriptor() const noexcept;
  bool has_stop_mark() const noexcept;  // of lzma (APPNOTE 5.8.9)
};

// read_lenient_header reads the next header of a central directory (APPNOTE 4.3.12) and moves
// `cursor` past it. The rules for names are not applied here. Fails with `kBadDirectory` where
// there is none, and with what is wrong with it.
Status read_lenient_header(ByteCursor& cursor, LenientRecord& record);

// check_lenient_place requires that the file has from `record.offset` on, which counts from its own
// start here, up to `end`: a local header that says the same (APPNOTE 4.3.7), the content, and a
// data descriptor that says the same where one is announced (APPNOTE 4.3.9). It sets `content`.
// Fails with `kHeaderMismatch`, `kNotTiled`, `kBadRecord`, `kBadZip64`, or as the access does.
Status check_lenient_place(const ByteSource& source, std::uint64_t end, LenientRecord& record);

// note_oddities tells `vanishing` what `record` has and will not have.
void note_oddities(const LenientRecord& record, Vanishing& vanishing);

}  // namespace signedvfs
