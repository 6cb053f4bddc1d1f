#include "archive/lenient/tail.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/base/byte_cursor.h"
#include "archive/zip/format.h"

namespace signedvfs {
namespace {

constexpr std::string_view kEndSignature("PK\x05\x06", 4);
constexpr std::size_t kCommentSizeAt = 20;

Status bad_zip64(const std::string& what) { return {Errc::kBadZip64, what}; }
Status bad_directory(const std::string& what) { return {Errc::kBadDirectory, what}; }

// EndRecord is what the end of central directory record says (APPNOTE 4.3.16).
struct EndRecord {
  std::uint64_t position = 0;  // in the file
  std::uint32_t disk = 0;
  std::uint32_t directory_disk = 0;
  std::uint64_t count_here = 0;
  std::uint64_t count = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
  std::uint16_t comment_size = 0;
};

std::uint16_t comment_size_at(std::string_view window, std::size_t at) {
  return ByteCursor(bytes_of(window.substr(at + kCommentSizeAt))).u16();
}

// check_single requires that no other record in `window` than the one at `found` reaches to the
// window's end as well: readers that search from the front would take that.
Status check_single(std::string_view window, std::size_t found) {
  for (std::size_t at = window.find(kEndSignature); at < found;
       at = window.find(kEndSignature, at + 1)) {
    if (at + kZipEndSize + comment_size_at(window, at) == window.size()) {
      return {Errc::kTrailingBytes,
              "two records claim to be the end of the zip archive, one in the other's comment"};
    }
  }
  return {};
}

// find_end reads the last end record of the file.
Result<EndRecord> find_end(const ByteSource& source) {
  constexpr std::uint64_t kLongestComment = 0xffff;
  const std::uint64_t size = std::min(source.size(), kLongestComment + kZipEndSize);
  const std::uint64_t begin = source.size() - size;
  Buffer bytes(static_cast<std::size_t>(size));
  SIGNEDVFS_TRY(source.copy_out(begin, bytes.bytes()));
  const std::string_view window = text_of(std::as_const(bytes).bytes());
  std::size_t at = window.rfind(kEndSignature);
  // One that is cut off can be in the last comment only.
  while (at != std::string_view::npos && window.size() - at < kZipEndSize) {
    if (at == 0) return Status(Errc::kNotAnArchive, "no end of a zip archive in the file");
    at = window.rfind(kEndSignature, at - 1);
  }
  if (at == std::string_view::npos) {
    return Status(Errc::kNotAnArchive, "no end of a zip archive in the file's last 64 KiB");
  }
  EndRecord end;
  end.position = begin + at;
  ByteCursor cursor(bytes_of(window.substr(at)));
  cursor.take(kEndSignature.size());
  end.disk = cursor.u16();
  end.directory_disk = cursor.u16();
  end.count_here = cursor.u16();
  end.count = cursor.u16();
  end.size = cursor.u32();
  end.offset = cursor.u32();
  end.comment_size = cursor.u16();
  if (cursor.remaining() < end.comment_size) {
    return Status(Errc::kTrailingBytes,
                  "the zip archive's comment of " + std::to_string(end.comment_size) +
                      " bytes is cut off: " + std::to_string(cursor.remaining()) + " are there");
  }
  if (const std::size_t behind = cursor.remaining() - end.comment_size; behind != 0) {
    const std::string stop = std::to_string(source.size() - behind);
    return Status(Errc::kTrailingBytes, std::to_string(behind) +
                                            " bytes follow the zip archive, which ends at offset " +
                                            stop)
        .advising("If they are none of the archive's, cut them off (head -c " + stop +
                  " FILE > NEW), and sign that.");
  }
  if (window.find(kEndSignature, at + 1) != std::string_view::npos) {
    return Status(Errc::kTrailingBytes,
                  "the zip archive's comment looks like another archive's end");
  }
  SIGNEDVFS_TRY(check_single(window, at));
  return end;
}

// read_zip64 replaces the numbers in `end` by those of the zip64 records before it (APPNOTE 4.3.14,
// 4.3.15), which end at `directory_end` where the directory does.
Status read_zip64(const ByteSource& source, EndRecord& end, std::uint64_t& directory_end) {
  constexpr std::size_t kBoth = kZipEnd64Size + kZipLocatorSize;
  if (end.position < kBoth) return bad_zip64("zip64 records missing");
  directory_end = end.position - kBoth;
  Buffer bytes(kBoth);
  SIGNEDVFS_TRY(source.copy_out(directory_end, bytes.bytes()));
  ByteCursor cursor(std::as_const(bytes).bytes());
  EndRecord big = end;
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
  if (version > kZipVersionZstd) {
    return bad_zip64("the zip64 record needs version " + std::to_string(version));
  }
  // Some writers count no volume at all.
  if (locator_disk != 0 || disks > 1) {
    return {Errc::kMultiDisk, "the zip64 locator names several volumes"};
  }
  const auto agrees = [](std::uint64_t small, std::uint64_t large, std::uint64_t saturated) {
    return small == large || small == saturated;
  };
  if (!agrees(end.count, big.count, kZipSaturated16) ||
      !agrees(end.count_here, big.count_here, kZipSaturated16) ||
      !agrees(end.size, big.size, kZipSaturated32) ||
      !agrees(end.offset, big.offset, kZipSaturated32)) {
    return bad_zip64("the zip64 record contradicts the end record");
  }
  if (big.size > directory_end || big.offset > directory_end - big.size ||
      record_offset != big.offset + big.size) {
    return bad_zip64("the zip64 locator does not point to the zip64 record before it");
  }
  end = big;
  return {};
}

Result<bool> has_locator(const ByteSource& source, const EndRecord& end) {
  if (end.position < kZipLocatorSize) return false;
  Buffer bytes(kZipLocatorSize);
  SIGNEDVFS_TRY(source.copy_out(end.position - kZipLocatorSize, bytes.bytes()));
  return ByteCursor(std::as_const(bytes).bytes()).u32() == kZipLocatorSignature;
}

bool is_saturated(const EndRecord& end) {
  return end.count == kZipSaturated16 || end.size == kZipSaturated32 ||
         end.offset == kZipSaturated32;
}

bool is_big(const EndRecord& end) {
  return end.count >= kZipSaturated16 || end.size >= kZipSaturated32 ||
         end.offset >= kZipSaturated32;
}

}  // namespace

Result<ZipTail> read_lenient_tail(const ByteSource& source, const Limits& limits,
                                  Vanishing& vanishing) {
  SIGNEDVFS_ASSIGN(EndRecord end, find_end(source));
  std::uint64_t directory_end = end.position;
  SIGNEDVFS_ASSIGN(const bool located, has_locator(source, end));
  if (!located && is_saturated(end)) return bad_zip64("zip64 records missing");
  if (located) SIGNEDVFS_TRY(read_zip64(source, end, directory_end));

  if (end.disk != 0 || end.directory_disk != 0) {
    return Status(Errc::kMultiDisk,
                  "the end record names volume " + std::to_string(end.disk) + " of several");
  }
  if (end.count_here != end.count) {
    return bad_directory("the end record has two different counts of members");
  }
  if (end.size > directory_end || end.offset > directory_end - end.size) {
    return bad_directory("the central directory lies outside the file");
  }
  if (end.count > end.size / kZipCentralSize) {
    return bad_directory("more members than fit into the central directory");
  }
  if (end.count > limits.members) {
    return too_large("members", limits.members, std::to_string(end.count) + " members");
  }
  if (end.size > limits.directory_bytes) {
    return too_large("directory_bytes", limits.directory_bytes,
                     "a central directory of " + std::to_string(end.size) + " bytes");
  }
  if (end.comment_size != 0) {
    vanishing.say("the archive's comment of " + std::to_string(end.comment_size) + " bytes");
  }
  if (located && !is_big(end)) {
    vanishing.say("zip64 records at the archive's end that are not needed");
  }
  ZipTail found;
  found.directory = directory_end - end.size;
  found.base = found.directory - end.offset;
  found.directory_size = end.size;
  found.count = end.count;
  return found;
}

}  // namespace signedvfs
