#include "archive/zip/tail.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/base/byte_cursor.h"
#include "archive/zip/format.h"

namespace signedvfs {
namespace {

constexpr std::size_t kTailSize = kZipEnd64Size + kZipLocatorSize + kZipEndSize;

// EndRecord is the end of central directory record, or the zip64 one (APPNOTE 4.3.16, 4.3.14).
struct EndRecord {
  std::uint32_t disk = 0;
  std::uint32_t directory_disk = 0;
  std::uint64_t count_here = 0;
  std::uint64_t count = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
};

Status bad_zip64(const std::string& what) { return {Errc::kBadZip64, what}; }

// describe_missing_end tells a zip archive with something behind it from what is no zip archive.
Status describe_missing_end(const ByteSource& source) {
  constexpr std::uint64_t kLongestComment = 0xffff;
  const std::uint64_t size = std::min(source.size(), kLongestComment + kZipEndSize);
  const std::uint64_t begin = source.size() - size;
  Buffer bytes(static_cast<std::size_t>(size));
  SIGNEDVFS_TRY(source.copy_out(begin, bytes.bytes()));
  for (std::size_t at = 0; at + kZipEndSize <= bytes.size(); ++at) {
    if (bytes.bytes()[at] != std::byte{'P'}) continue;
    ByteCursor cursor(std::as_const(bytes).bytes().subspan(at));
    if (cursor.u32() != kZipEndSignature) continue;
    return {Errc::kTrailingBytes, "the zip archive should end at offset " +
                                      std::to_string(begin + at + kZipEndSize) +
                                      " of the file, without a comment"};
  }
  return {Errc::kNotAnArchive, "no end of a zip archive in the file's last 64 KiB"};
}

// read_zip64 replaces the numbers in `end` by those of the zip64 records, of which the file's last
// bytes before the end record, `records`, are a private copy. `position` is where they begin.
Status read_zip64(std::span<const std::byte> records, std::uint64_t position, EndRecord& end) {
  if (records.size() != kZipEnd64Size + kZipLocatorSize) return bad_zip64("zip64 records missing");
  ByteCursor cursor(records);
  EndRecord big;
  const bool signature = cursor.u32() == kZipEnd64Signature;
  const std::uint64_t stated_size = cursor.u64();
  cursor.take(2);  // made by
  const std::uint16_t version = cursor.u16();
  big.disk = cursor.u32();
  big.directory_disk = cursor.u32();
  big.count_here = cursor.u64();
  big.count = cursor.u64();
  big.size = cursor.u64();
  big.offset = cursor.u64();
  cursor.take(4);  // the locator's signature
  const std::uint32_t locator_disk = cursor.u32();
  const std::uint64_t record_offset = cursor.u64();
  const std::uint32_t disks = cursor.u32();

  if (!signature) return bad_zip64("the zip64 record does not stand before its locator");
  if (stated_size != kZipEnd64StatedSize) return bad_zip64("the zip64 record has extra data");
  if (version < kZipVersionZip64 || version > kZipVersionZstd) {
    return bad_zip64("the zip64 record needs version " + std::to_string(version));
  }
  if (locator_disk != 0 || disks != 1)
    return {Errc::kMultiDisk, "the zip64 locator names several volumes"};
  if (end.count != std::min<std::uint64_t>(big.count, kZipSaturated16) ||
      end.count_here != std::min<std::uint64_t>(big.count_here, kZipSaturated16) ||
      end.size != std::min<std::uint64_t>(big.size, kZipSaturated32) ||
      end.offset != std::min<std::uint64_t>(big.offset, kZipSaturated32)) {
    return bad_zip64("the zip64 record contradicts the end record, or is not needed");
  }
  // The record follows the directory, so this is its offset by the directory's own account.
  if (big.size > position || big.offset > position - big.size ||
      record_offset != big.offset + big.size) {
    return bad_zip64("the zip64 locator does not point to the zip64 record before it");
  }
  end = big;
  return {};
}

}  // namespace

Result<ZipTail> read_zip_tail(const ByteSource& source, const Limits& limits) {
  if (source.size() < kZipEndSize) {
    return Status(Errc::kNotAnArchive, "shorter than the smallest zip archive");
  }
  std::array<std::byte, kTailSize> memory;  // NOLINT: filled by copy_out
  const std::size_t size = std::min<std::uint64_t>(source.size(), memory.size());
  const std::span<std::byte> tail = std::span(memory).first(size);
  SIGNEDVFS_TRY(source.copy_out(source.size() - size, tail));

  ByteCursor cursor(tail.last(kZipEndSize));
  const bool signature = cursor.u32() == kZipEndSignature;
  EndRecord end;
  end.disk = cursor.u16();
  end.directory_disk = cursor.u16();
  end.count_here = cursor.u16();
  end.count = cursor.u16();
  end.size = cursor.u32();
  end.offset = cursor.u32();
  const std::uint16_t comment_size = cursor.u16();
  if (!signature) return describe_missing_end(source);
  if (comment_size != 0) {
    return Status(Errc::kTrailingBytes, "the zip archive claims a comment");
  }

  // The locator is looked for even where no field asks for it: other readers do so, and would then
  // see another directory (CVE-2025-8291).
  const std::span<const std::byte> before = tail.first(size - kZipEndSize);
  const bool located = before.size() >= kZipLocatorSize &&
                       ByteCursor(before.last(kZipLocatorSize)).u32() == kZipLocatorSignature;
  const bool saturated =
      end.count == kZipSaturated16 || end.size == kZipSaturated32 || end.offset == kZipSaturated32;
  if (located != saturated) {
    return bad_zip64(located ? "zip64 records that are not needed" : "zip64 records missing");
  }
  std::uint64_t directory_end = source.size() - kZipEndSize;
  if (located) {
    directory_end -= before.size();
    SIGNEDVFS_TRY(read_zip64(before, directory_end, end));
  }

  if (end.disk != 0 || end.directory_disk != 0) {
    return Status(Errc::kMultiDisk,
                  "the end record names volume " + std::to_string(end.disk) + " of several");
  }
  if (end.count_here != end.count) {
    return Status(Errc::kBadDirectory, "the end record has two different counts of members");
  }
  if (end.size > directory_end || end.offset > directory_end - end.size) {
    return Status(Errc::kBadDirectory, "the central directory lies outside the file");
  }
  if (end.count > end.size / kZipCentralSize) {
    return Status(Errc::kBadDirectory, "more members than fit into the central directory");
  }
  if (end.count > limits.members) {
    return too_large("members", limits.members, std::to_string(end.count) + " members");
  }
  if (end.size > limits.directory_bytes) {
    return too_large("directory_bytes", limits.directory_bytes,
                     "a central directory of " + std::to_string(end.size) + " bytes");
  }
  ZipTail found;
  found.directory = directory_end - end.size;
  found.base = found.directory - end.offset;
  found.directory_size = end.size;
  found.count = end.count;
  return found;
}

}  // namespace signedvfs
