#include "archive/lenient/record.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/base/file_mode.h"
#include "archive/lenient/code_page.h"
#include "archive/lenient/zip64.h"
#include "archive/members/codec.h"
#include "archive/members/names.h"
#include "archive/zip/format.h"

namespace signedvfs {
namespace {

// Flags (APPNOTE 4.4.4).
constexpr std::uint16_t kEncrypted = 0x0001 | 0x0040 | 0x2000;  // also strongly, also the directory
constexpr std::uint16_t kOptions = 0x0006;                      // how it was compressed
constexpr std::uint16_t kStopMark = 0x0002;                     // the same bit, of lzma
constexpr std::uint16_t kDescriptor = 0x0008;
constexpr std::uint16_t kPatch = 0x0020;

constexpr std::uint32_t kDescriptorSignature = 0x08074b50;  // APPNOTE 4.3.9.3

Status failure(Errc code, std::string_view member, const std::string& what) {
  return {code, in_quotes(member) + ": " + what};
}

Status encrypted(std::string_view member) {
  return failure(Errc::kBadFlags, member, "it is encrypted")
      .advising(
          "Unpack it with its password (7z x ARCHIVE -oTREE, or unzip ARCHIVE -d TREE), and sign "
          "an "
          "archive of that: signedvfs pack TREE -o NEW --key KEY.");
}

std::optional<LenientMethod> lenient_method_of(std::uint16_t number) noexcept {
  switch (const auto method = static_cast<LenientMethod>(number)) {
    case LenientMethod::kStored:
    case LenientMethod::kDeflate:
    case LenientMethod::kBzip2:
    case LenientMethod::kLzma:
    case LenientMethod::kZstd:
      return method;
  }
  return {};
}

// Extras is what matters of a header's extra fields.
struct Extras {
  std::optional<std::span<const std::byte>> zip64;
  std::optional<std::span<const std::byte>> unicode_path;
  bool has_others = false;
};

Status read_extras(std::span<const std::byte> bytes, std::string_view member, Extras& out) {
  constexpr std::size_t kHeader = 4;  // what is shorter is padding (zipalign), and no field
  const auto take = [&](auto& field, std::span<const std::byte> value, Errc code,
                        const char* what) -> Status {
    if (field) return failure(code, member, what);
    field = value;
    return {};
  };
  ByteCursor cursor(bytes);
  while (cursor.remaining() >= kHeader) {
    const std::uint16_t id = cursor.u16();
    const auto value = cursor.take(cursor.u16());
    if (!cursor.ok()) {
      return failure(Errc::kBadRecord, member, "an extra field is longer than all of them");
    }
    switch (id) {
      case kZipExtraZip64:
        SIGNEDVFS_TRY(take(out.zip64, value, Errc::kBadZip64, "two zip64 extra fields"));
        break;
      case kZipExtraUnicodePath:
        SIGNEDVFS_TRY(take(out.unicode_path, value, Errc::kBadRecord,
                           "two extra fields with the member's name"));
        out.has_others = true;
        break;
      case kZipExtraAes:
        return encrypted(member);
      default:
        out.has_others = true;
    }
  }
  out.has_others = out.has_others || cursor.remaining() != 0;
  return {};
}

// check_unicode_path requires that an extra field with the name (APPNOTE 4.6.9) has the same one:
// some readers go by it and some do not.
Status check_unicode_path(const Extras& extras, const LenientRecord& record) {
  if (!extras.unicode_path) return {};
  constexpr std::size_t kBefore = 5;  // version, checksum of the header's name
  const std::string_view value = text_of(*extras.unicode_path);
  const std::string_view path = value.substr(std::min(kBefore, value.size()));
  if (value.size() >= kBefore && path == record.name) return {};
  return failure(Errc::kBadRecord, record.name,
                 "an extra field gives it another name, " + in_quotes(path));
}

Status check_flags(const LenientRecord& record) {
  if ((record.flags & kEncrypted) != 0) return encrypted(record.name);
  if ((record.flags & kPatch) != 0) {
    return failure(Errc::kBadFlags, record.name, "it is a patch to another file");
  }
  constexpr unsigned kKnown = kZipFlagUtf8 | kDescriptor | kOptions;
  if ((record.flags & ~kKnown) != 0) {
    return failure(Errc::kBadFlags, record.name,
                   "flags " + std::to_string(record.flags) + ", of which some have no meaning");
  }
  return {};
}

// check_mode refuses everything that is no plain file or directory, whichever system the header
// says it was made on: other readers look at the Unix mode regardless.
Status check_mode(std::uint32_t attributes, LenientRecord& record) {
  const std::uint32_t mode = attributes >> kZipModeShift;
  const std::uint32_t type = type_of(mode);
  const auto bad = [&](const char* what) { return failure(Errc::kBadMode, record.name, what); };
  if (type == kLinkType) return bad("it is a symbolic link");
  if (type != 0 && type != kRegularType && type != kDirectoryType) {
    return bad("it is a device, FIFO or socket");
  }
  if (record.is_directory ? type == kRegularType : type == kDirectoryType) {
    return bad(record.is_directory ? "a directory by its name, and a file by its Unix mode"
                                   : "a file by its name, and a directory by its Unix mode");
  }
  if ((attributes & kZipDosVolume) != 0) return bad("it is an MS-DOS volume label");
  if (!record.is_directory && (attributes & kZipDosDirectory) != 0) {
    return bad("a file by its name, and a directory by its MS-DOS attributes");
  }
  record.has_mode_bits = (mode & (kSetIdBits | kStickyBit)) != 0;
  return {};
}

Status read_sizes(const Extras& extras, LenientRecord& record) {
  const bool saturated = record.size == kZipSaturated32 || record.stored_size == kZipSaturated32 ||
                         record.offset == kZipSaturated32;
  if (!extras.zip64) {
    if (!saturated) return {};
    return failure(Errc::kBadZip64, record.name, "its zip64 field is missing");
  }
  if (!resolve_zip64(*extras.zip64, {&record.size, &record.stored_size, &record.offset})) {
    return failure(Errc::kBadZip64, record.name, "its zip64 field contradicts its header");
  }
  record.has_needless_zip64 = record.size < kZipSaturated32 &&
                              record.stored_size < kZipSaturated32 &&
                              record.offset < kZipSaturated32;
  return {};
}

// Local is what a local header says.
struct Local {
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t time = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  std::size_t name_size = 0;
  std::size_t extra_size = 0;
};

Result<Buffer> copy(const ByteSource& source, std::uint64_t offset, std::uint64_t size,
                    std::string_view member) {
  Buffer out(static_cast<std::size_t>(size));
  if (Status copied = source.copy_out(offset, out.bytes()); !copied.ok()) {
    return std::move(copied).in(in_quotes(member));
  }
  return out;
}

Result<Local> read_local(const ByteSource& source, const LenientRecord& record) {
  SIGNEDVFS_ASSIGN(const Buffer bytes, copy(source, record.offset, kZipLocalSize, record.name));
  ByteCursor cursor(bytes.bytes());
  if (cursor.u32() != kZipLocalSignature) {
    return failure(Errc::kHeaderMismatch, record.name,
                   "its local header is not where it should be");
  }
  cursor.take(2);  // version needed: has no effect
  Local out;
  out.flags = cursor.u16();
  out.method = cursor.u16();
  out.time = cursor.u32();
  out.crc32 = cursor.u32();
  out.stored_size = cursor.u32();
  out.size = cursor.u32();
  out.name_size = cursor.u16();
  out.extra_size = cursor.u16();
  return out;
}

// check_local requires that `local`, with the name and extra fields `rest`, agrees with `record`.
// Where a data descriptor follows, sizes and checksum may be there already, or be 0.
Status check_local(Local local, std::span<const std::byte> rest, LenientRecord& record) {
  const auto mismatch = [&](const std::string& what) {
    return failure(Errc::kHeaderMismatch, record.name, "its local header has another " + what);
  };
  const std::string_view name = text_of(rest.first(local.name_size));
  if (name != record.raw_name) return mismatch("name: " + in_quotes(name));
  if (local.flags != record.flags) return mismatch("set of flags");
  if (local.method != static_cast<std::uint16_t>(record.method)) return mismatch("method");
  if (local.time != record.time) return mismatch("time");

  Extras extras;
  SIGNEDVFS_TRY(read_extras(rest.subspan(local.name_size), record.name, extras));
  SIGNEDVFS_TRY(check_unicode_path(extras, record));
  record.has_extra = record.has_extra || extras.has_others;
  if (extras.zip64) {
    if (!resolve_zip64(*extras.zip64, {&local.size, &local.stored_size})) {
      return failure(Errc::kBadZip64, record.name,
                     "the zip64 field of its local header contradicts that");
    }
    record.has_needless_zip64 = record.has_needless_zip64 || (record.size < kZipSaturated32 &&
                                                              record.stored_size < kZipSaturated32);
  }
  const auto agrees = [&](std::uint64_t found, std::uint64_t wanted) {
    return found == wanted || (found == 0 && record.has_descriptor());
  };
  if (!agrees(local.crc32, record.crc32)) return mismatch("checksum");
  if (!agrees(local.size, record.size)) return mismatch("size");
  if (!agrees(local.stored_size, record.stored_size)) return mismatch("compressed size");
  return {};
}

// check_descriptor requires that a data descriptor fills the place from `begin` to `end`. Its size
// says which of its four forms it has.
Status check_descriptor(const ByteSource& source, std::uint64_t begin, std::uint64_t end,
                        const LenientRecord& record) {
  constexpr std::size_t kShort = 12;
  constexpr std::size_t kLong = 20;
  constexpr std::size_t kSignature = 4;
  const std::uint64_t size = end - begin;
  const bool has_signature = size == kShort + kSignature || size == kLong + kSignature;
  const bool is_long = size == kLong || size == kLong + kSignature;
  if (size == 0) {
    return failure(Errc::kHeaderMismatch, record.name,
                   "it announces a data descriptor, and there is none");
  }
  if (!is_long && !has_signature && size != kShort) {
    return failure(Errc::kNotTiled, record.name,
                   std::to_string(size) + " bytes follow its content, where a data descriptor of " +
                       "at most 24 should be");
  }
  SIGNEDVFS_ASSIGN(const Buffer bytes, copy(source, begin, size, record.name));
  ByteCursor cursor(bytes.bytes());
  const bool signature = !has_signature || cursor.u32() == kDescriptorSignature;
  const std::uint32_t crc32 = cursor.u32();
  const std::uint64_t stored_size = is_long ? cursor.u64() : cursor.u32();
  const std::uint64_t whole_size = is_long ? cursor.u64() : cursor.u32();
  if (signature && crc32 == record.crc32 && stored_size == record.stored_size &&
      whole_size == record.size) {
    return {};
  }
  return failure(Errc::kHeaderMismatch, record.name,
                 "its data descriptor disagrees with the central directory");
}

}  // namespace

bool LenientRecord::has_descriptor() const noexcept { return (flags & kDescriptor) != 0; }
bool LenientRecord::has_stop_mark() const noexcept { return (flags & kStopMark) != 0; }

Status read_lenient_header(ByteCursor& cursor, LenientRecord& record) {
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
  record.raw_name = cursor.text(name_size);
  const auto extra = cursor.take(extra_size);
  cursor.take(comment_size);
  if (!cursor.ok()) return {Errc::kBadDirectory, "the last member's record is cut off"};

  record.name = (record.flags & kZipFlagUtf8) != 0 ? std::string(record.raw_name)
                                                   : utf8_of_cp437(record.raw_name);
  record.is_directory = record.name.ends_with('/');
  record.has_comment = comment_size != 0;
  if (disk != 0) {
    return failure(Errc::kMultiDisk, record.name,
                   "it is on volume " + std::to_string(disk) + " of several");
  }
  SIGNEDVFS_TRY(check_flags(record));
  Extras extras;
  SIGNEDVFS_TRY(read_extras(extra, record.name, extras));
  const std::optional<LenientMethod> known = lenient_method_of(method);
  if (!known) {
    return failure(Errc::kBadMethod, record.name,
                   "compression method " + std::to_string(method) +
                       ", where stored, deflate, bzip2, lzma and zstd are handled");
  }
  record.method = *known;
  if (version > kZipVersionZstd) {
    return failure(Errc::kBadRecord, record.name,
                   "it needs version " + std::to_string(version) + " of the zip format");
  }
  SIGNEDVFS_TRY(check_unicode_path(extras, record));
  record.has_extra = extras.has_others;
  SIGNEDVFS_TRY(read_sizes(extras, record));
  if (record.method == LenientMethod::kStored && record.size != record.stored_size) {
    return failure(Errc::kBadRecord, record.name, "stored as it is, but with two sizes");
  }
  return check_mode(attributes, record);
}

Status check_lenient_place(const ByteSource& source, std::uint64_t end, LenientRecord& record) {
  const auto overlaps = [&] {
    return failure(
               Errc::kNotTiled, record.name,
               "it reaches beyond offset " + std::to_string(end) + ", where the next record begins")
        .advising(
            "No tool makes members that share bytes by accident: make the archive anew from its "
            "files (signedvfs pack TREE -o NEW --key KEY).");
  };
  if (end < record.offset || end - record.offset < kZipLocalSize) return overlaps();
  SIGNEDVFS_ASSIGN(const Local local, read_local(source, record));
  const std::size_t rest_size = local.name_size + local.extra_size;
  record.content = record.offset + kZipLocalSize + rest_size;
  if (record.content > end || end - record.content < record.stored_size) return overlaps();
  SIGNEDVFS_ASSIGN(const Buffer rest,
                   copy(source, record.offset + kZipLocalSize, rest_size, record.name));
  SIGNEDVFS_TRY(check_local(local, rest.bytes(), record));
  const std::uint64_t behind = record.content + record.stored_size;
  if (record.has_descriptor()) return check_descriptor(source, behind, end, record);
  if (behind == end) return {};
  return failure(
      Errc::kNotTiled, record.name,
      std::to_string(end - behind) + " bytes follow its content that belong to no member");
}

void note_oddities(const LenientRecord& record, Vanishing& vanishing) {
  const auto note = [&](bool has, Oddity oddity) {
    if (has) vanishing.note(oddity, record.name);
  };
  note(record.has_comment, Oddity::kComment);
  note(record.has_descriptor(), Oddity::kDescriptor);
  note(record.has_needless_zip64, Oddity::kZip64);
  note(record.has_extra, Oddity::kExtra);
  note(record.name != record.raw_name, Oddity::kCodePage);
  note(record.has_mode_bits, Oddity::kModeBits);
  if (record.is_directory) {
    note(record.stored_size != 0, Oddity::kDirectoryContent);
    return;
  }
  note(record.method == LenientMethod::kBzip2, Oddity::kBzip2);
  note(record.method == LenientMethod::kLzma, Oddity::kLzma);
}

}  // namespace signedvfs
