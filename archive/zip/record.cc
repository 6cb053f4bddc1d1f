#include "archive/zip/record.h"

#include <string>

#include "archive/base/file_mode.h"
#include "archive/members/names.h"
#include "archive/zip/format.h"

namespace signedvfs {
namespace {

Status failure(Errc code, std::string_view member, const std::string& what) {
  return {code, in_quotes(member) + ": " + what};
}

// Extras is what matters of a header's extra fields: the zip64 one.
struct Extras {
  bool has_zip64 = false;
  std::span<const std::byte> zip64;
};

// read_extras walks over all extra fields, so that each of them is where every reader sees it.
Status read_extras(std::span<const std::byte> bytes, std::string_view member, Extras& extras) {
  ByteCursor cursor(bytes);
  while (cursor.remaining() != 0) {
    const std::uint16_t id = cursor.u16();
    const auto value = cursor.take(cursor.u16());
    if (!cursor.ok()) return failure(Errc::kBadRecord, member, "extra fields that do not add up");
    switch (id) {
      case kZipExtraZip64:
        if (extras.has_zip64) return failure(Errc::kBadZip64, member, "two zip64 extra fields");
        extras = {true, value};
        break;
      case kZipExtraUnicodePath:
      case kZipExtraUnicodeComment:
        return failure(Errc::kBadRecord, member, "an extra field that renames the member");
      case kZipExtraAes:
        return failure(Errc::kBadFlags, member, "AES encryption");
      default:
        break;  // times, owners: of no effect here
    }
  }
  return {};
}

// take_zip64 replaces `value` where its 32-bit field is saturated, and only there.
bool take_zip64(ByteCursor& zip64, std::uint64_t& value) {
  if (value != kZipSaturated32) return true;
  value = zip64.u64();
  return zip64.ok() && value >= kZipSaturated32;
}

// check_mode refuses everything that is no plain file or directory, whichever system the header
// says it was made on: other readers look at the Unix mode regardless.
Status check_mode(std::uint32_t attributes, const ZipRecord& record) {
  constexpr std::uint32_t kSetBits = kSetIdBits | kStickyBit;
  const std::uint32_t mode = attributes >> kZipModeShift;
  const std::uint32_t type = type_of(mode);
  const std::uint32_t allowed = record.is_directory ? kDirectoryType : kRegularType;
  if ((type != 0 && type != allowed) || (mode & kSetBits) != 0) {
    return failure(Errc::kBadMode, record.name,
                   "Unix mode " + std::to_string(mode) + " is not a plain " +
                       (record.is_directory ? "directory's" : "file's"));
  }
  if ((attributes & kZipDosVolume) != 0 ||
      (!record.is_directory && (attributes & kZipDosDirectory) != 0)) {
    return failure(Errc::kBadMode, record.name, "an MS-DOS directory or volume attribute");
  }
  return {};
}

}  // namespace

Status read_central_header(ByteCursor& cursor, ZipRecord& record) {
  if (cursor.u32() != kZipCentralSignature) {
    return {Errc::kBadDirectory, "something else stands where a member's record should be"};
  }
  cursor.take(2);  // made by
  const std::uint16_t version = cursor.u16();
  record.flags = cursor.u16();
  const std::uint16_t method = cursor.u16();
  record.time = cursor.u32();
  record.crc32 = cursor.u32();
  record.stored_size = cursor.u32();
  record.size = cursor.u32();
  const std::uint16_t name_size = cursor.u16();
  const std::uint16_t extra_size = cursor.u16();
  const std::uint16_t comment_size = cursor.u16();
  const std::uint16_t disk = cursor.u16();
  cursor.take(2);  // internal attributes: "apparently text"
  const std::uint32_t attributes = cursor.u32();
  record.offset = cursor.u32();
  record.name = cursor.text(name_size);
  const auto extra = cursor.take(extra_size);
  if (!cursor.ok()) return {Errc::kBadDirectory, "the last member's record is cut off"};

  record.is_directory = record.name.ends_with('/');
  if (comment_size != 0) return failure(Errc::kBadRecord, record.name, "has a comment");
  if (disk != 0)
    return failure(Errc::kMultiDisk, record.name,
                   "on volume " + std::to_string(disk) + " of several");
  if ((record.flags & ~kZipFlagUtf8) != 0) {
    return failure(Errc::kBadFlags, record.name,
                   "flags " + std::to_string(record.flags) +
                       ": encryption, a data descriptor, or another unusual feature");
  }
  const std::optional<Method> known = method_of(method);
  if (!known) {
    return failure(Errc::kBadMethod, record.name,
                   "compression method " + std::to_string(method) + ", which is not handled");
  }
  record.method = *known;
  if (version > kZipVersionZstd) {
    return failure(Errc::kBadRecord, record.name,
                   "needs version " + std::to_string(version) + " of the zip format");
  }
  if ((record.flags & kZipFlagUtf8) == 0 && !is_ascii(record.name)) {
    return failure(Errc::kBadName, record.name, "a name that is not ASCII needs the UTF-8 flag");
  }
  Extras extras;
  SIGNEDVFS_TRY(read_extras(extra, record.name, extras));
  ByteCursor zip64(extras.zip64);
  const bool saturated = record.size == kZipSaturated32 || record.stored_size == kZipSaturated32 ||
                         record.offset == kZipSaturated32;
  if (extras.has_zip64 != saturated || !take_zip64(zip64, record.size) ||
      !take_zip64(zip64, record.stored_size) || !take_zip64(zip64, record.offset) ||
      zip64.remaining() != 0) {
    return failure(Errc::kBadZip64, record.name, "a zip64 field that is missing or not needed");
  }
  if (record.method == Method::kStored && record.size != record.stored_size) {
    return failure(Errc::kBadRecord, record.name, "stored as it is, but with two sizes");
  }
  SIGNEDVFS_TRY(check_mode(attributes, record));
  const bool empty = record.size == 0 && record.stored_size == 0 && record.crc32 == 0;
  if (record.is_directory && (record.method != Method::kStored || !empty)) {
    return failure(Errc::kBadRecord, record.name, "a directory entry with content");
  }
  return {};
}

Status check_local_header(std::span<const std::byte> header, const ZipRecord& record) {
  ByteCursor cursor(header);
  const bool signature = cursor.u32() == kZipLocalSignature;
  cursor.take(2);  // version needed: has no effect
  const std::uint16_t flags = cursor.u16();
  const std::uint16_t method = cursor.u16();
  const std::uint32_t time = cursor.u32();
  const std::uint32_t crc32 = cursor.u32();
  const std::uint32_t stored_size = cursor.u32();
  const std::uint32_t size = cursor.u32();
  const std::uint16_t name_size = cursor.u16();
  const std::uint16_t extra_size = cursor.u16();
  const std::string_view name = cursor.text(name_size);
  const auto extra = cursor.take(extra_size);

  const auto mismatch = [&](const std::string& what) {
    return failure(Errc::kHeaderMismatch, record.name, "the local header has another " + what);
  };
  if (!signature) return mismatch("signature, or is elsewhere");
  if (name_size != record.name.size()) return mismatch("name");
  if (!cursor.ok() || cursor.remaining() != 0) {
    return failure(Errc::kNotTiled, record.name,
                   "the member's bytes do not begin where its local header ends");
  }
  if (name != record.name) return mismatch("name: " + in_quotes(name));
  if (flags != record.flags) return mismatch("set of flags");
  if (method != static_cast<std::uint16_t>(record.method)) return mismatch("method");
  if (time != record.time) return mismatch("time");
  if (crc32 != record.crc32) return mismatch("checksum");

  // Where one size does not fit, both are in the zip64 field (APPNOTE 4.5.3).
  Extras extras;
  SIGNEDVFS_TRY(read_extras(extra, record.name, extras));
  const bool big = record.size >= kZipSaturated32 || record.stored_size >= kZipSaturated32;
  if (extras.has_zip64 != big || (big && extras.zip64.size() != 2 * sizeof(std::uint64_t))) {
    return failure(Errc::kBadZip64, record.name, "a zip64 field that is missing or not needed");
  }
  ByteCursor zip64(extras.zip64);
  const bool saturated = size == kZipSaturated32 && stored_size == kZipSaturated32;
  const bool equal =
      big ? saturated && zip64.u64() == record.size && zip64.u64() == record.stored_size
          : size == record.size && stored_size == record.stored_size;
  return equal ? Status() : mismatch("size");
}

}  // namespace signedvfs
