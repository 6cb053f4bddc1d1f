#include "archive/format_sniffer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "archive/base/buffer.h"
#include "archive/zip/format.h"

namespace signedvfs {
namespace {

using std::string_view_literals::operator""sv;

// zipimport looks for the end of central directory record (22 bytes) behind which there is a
// comment (65,535 bytes at most), and from Python 3.13 on reads the two zip64 records (56 and 20
// bytes) with it and searches them as well.
constexpr std::uint64_t kZipTail = 65'535 + 22 + 56 + 20;
constexpr auto kZipEnd = "PK\x05\x06"sv;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  Sniffed sniffed;
};

// A zip archive that has lost its end is still a damaged zip archive, and no stranger.
constexpr std::array kMagics{
    Magic{0, "PK\x03\x04"sv, {Format::kZip, "zip"}},
    Magic{0, "\x1f\x8b"sv, {Format::kStream, "gzip"}},
    Magic{0, "\xfd\x37\x7a\x58\x5a\x00"sv, {Format::kStream, "xz"}},
    Magic{0, "\x28\xb5\x2f\xfd"sv, {Format::kStream, "zstd"}},
    Magic{1, "\x2a\x4d\x18"sv, {Format::kStream, "zstd"}},  // a skippable frame comes first
    Magic{0, "BZh"sv, {Format::kStream, "bzip2"}},
    Magic{0, "7z\xbc\xaf\x27\x1c"sv, {Format::kSevenZip, "7z"}},
    Magic{0, "070701"sv, {Format::kStream, "cpio"}},
    Magic{0, "070702"sv, {Format::kStream, "cpio"}},
    Magic{0, "070707"sv, {Format::kStream, "cpio"}},
    Magic{0, "\xc7\x71"sv, {Format::kStream, "cpio"}},
    Magic{0, "\x71\xc7"sv, {Format::kStream, "cpio"}},
    Magic{257, "ustar"sv, {Format::kStream, "tar"}},
    Magic{0, "!<arch>\n"sv, {Format::kOther, "ar"}},
    Magic{0, "Rar!\x1a\x07"sv, {Format::kOther, "rar"}},
    Magic{0, "MSCF\0\0\0\0"sv, {Format::kOther, "cab"}},
    Magic{0, "xar!"sv, {Format::kOther, "xar"}},
    Magic{0, "\x1f\x9d"sv, {Format::kOther, "compress"}},
    Magic{0, "LZIP"sv, {Format::kOther, "lzip"}},
    Magic{0, "\x04\x22\x4d\x18"sv, {Format::kOther, "lz4"}},
    Magic{0, "\x89LZO\0\r\n\x1a\n"sv, {Format::kOther, "lzop"}},
    Magic{0, "\xed\xab\xee\xdb"sv, {Format::kOther, "rpm"}},
    Magic{32769, "CD001"sv, {Format::kOther, "iso9660"}},
};

constexpr std::size_t kTarBlock = 512;
constexpr std::uint64_t kHead = 32769 + 5;

// is_old_tar tells by its checksum whether `head` starts with a tar header from before POSIX, which
// has no magic: the sum of all bytes, the checksum's own eight counted as spaces. Some writers
// summed them as signed char.
bool is_old_tar(std::string_view head) {
  if (head.size() < kTarBlock || head.front() == '\0') return false;
  constexpr std::size_t kField = 148;
  constexpr std::size_t kFieldEnd = kField + 8;
  std::int64_t unsigned_sum = 0;
  std::int64_t sum_as_char = 0;
  for (std::size_t i = 0; i < kTarBlock; ++i) {
    const char c = i >= kField && i < kFieldEnd ? ' ' : head[i];
    unsigned_sum += static_cast<unsigned char>(c);
    sum_as_char += static_cast<signed char>(c);
  }
  std::string_view field = head.substr(kField, kFieldEnd - kField);
  field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
  std::int64_t stated = 0;
  std::size_t digits = 0;
  while (digits < field.size() && field[digits] >= '0' && field[digits] <= '7') {
    stated = stated * 8 + (field[digits++] - '0');
  }
  return digits > 0 && (stated == unsigned_sum || stated == sum_as_char);
}

// ends_as_zip tells whether the file ends in an end of central directory record without a comment,
// as our own archives do: then nothing else needs to be read.
Result<bool> ends_as_zip(const ByteSource& source) {
  std::array<std::byte, kZipEndSize> end{};
  if (source.size() < end.size()) return false;
  SIGNEDVFS_TRY(source.copy_out(source.size() - end.size(), end));
  return text_of(end).starts_with(kZipEnd);
}

}  // namespace

Result<Sniffed> sniff(const ByteSource& source) {
  SIGNEDVFS_ASSIGN(const bool is_zip, ends_as_zip(source));
  if (is_zip) return Sniffed{Format::kZip, "zip"};
  const std::uint64_t tail_size = std::min(source.size(), kZipTail);
  Buffer tail(static_cast<std::size_t>(tail_size));
  SIGNEDVFS_TRY(source.copy_out(source.size() - tail_size, tail.bytes()));
  if (text_of(tail.bytes()).find(kZipEnd) != std::string_view::npos) {
    return Sniffed{Format::kZip, "zip"};
  }
  Buffer start(static_cast<std::size_t>(std::min(source.size(), kHead)));
  SIGNEDVFS_TRY(source.copy_out(0, start.bytes()));
  const std::string_view head = text_of(start.bytes());
  for (const Magic& magic : kMagics) {
    if (head.size() > magic.offset && head.substr(magic.offset).starts_with(magic.bytes)) {
      return magic.sniffed;
    }
  }
  if (is_old_tar(head)) return Sniffed{Format::kStream, "tar"};
  return Sniffed{};
}

}  // namespace signedvfs
