// The directory of a 7z archive, looked at before libarchive sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "archive/base/limits.h"
#include "archive/base/status.h"

namespace signedvfs {

// kMostSevenZipHeader is how large a directory may be, decoded: a hundred thousand members.
inline constexpr std::uint64_t kMostSevenZipHeader = std::uint64_t{16} << 20U;

// EncodedHeader is where a compressed directory lies, and how it is compressed: by LZMA, as all
// writers do it.
struct EncodedHeader {
  std::uint64_t offset = 0;  // from the end of the signature header
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  std::uint8_t properties = 0;         // lc, lp and pb in one byte
  std::optional<std::uint32_t> crc32;  // of the decoded bytes
};

// read_encoded_header returns what `bytes`, the last thing in the archive, says of a compressed
// directory, or nothing where they are a plain one. Fails with `kForeignFormat`, `kUnsupported`,
// `kTooLarge`, or `kBadFlags` where it is encrypted.
Result<std::optional<EncodedHeader>> read_encoded_header(std::span<const std::byte> bytes,
                                                         const Limits& limits);

// check_seven_zip_header walks through the plain directory `bytes` as far as it says how much
// memory reading the archive takes: libarchive allocates eighty bytes for each file that a few bits
// announce, and whole streams where a coder has several. Names and sizes of files are not looked
// at. Fails with `kForeignFormat`, `kUnsupported`, `kTooLarge` or `kBadFlags`.
Status check_seven_zip_header(std::span<const std::byte> bytes, const Limits& limits);

}  // namespace signedvfs
