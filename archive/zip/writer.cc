#include "archive/zip/writer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "archive/base/byte_builder.h"
#include "archive/base/file_mode.h"
#include "archive/members/name_conflicts.h"
#include "archive/members/names.h"
#include "archive/members/size_check.h"
#include "archive/zip/format.h"

namespace signedvfs {

// CentralEntry is a written member or directory, to be described again in the central directory.
struct CentralEntry {
  std::string name;  // of a directory with a slash behind it
  std::uint64_t offset = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
  Method method = Method::kStored;
};

namespace {

// What every member has: made on Unix by the version that knows everything below, a plain file of
// mode 0644, from the first moment that the format can express (APPNOTE 4.4.2, 4.4.6, 4.4.15).
constexpr std::uint64_t kMadeBy = 3U << 8U | kZipVersionZstd;
constexpr std::uint64_t kAttributes = std::uint64_t{kRegularType | 0644U} << kZipModeShift;
constexpr std::uint64_t kDirectoryAttributes =
    std::uint64_t{kDirectoryType | 0755U} << kZipModeShift | kZipDosDirectory;
constexpr std::uint64_t kDate = 1U << 5U | 1U;  // 1980-01-01

std::uint64_t saturated16(std::uint64_t value) {
  return std::min<std::uint64_t>(value, kZipSaturated16);
}
std::uint64_t saturated32(std::uint64_t value) {
  return std::min<std::uint64_t>(value, kZipSaturated32);
}
bool is_big(std::uint64_t value) { return value >= kZipSaturated32; }
bool is_directory(const CentralEntry& entry) { return entry.name.ends_with('/'); }
bool has_big_size(const CentralEntry& entry) {
  return is_big(entry.size) || is_big(entry.stored_size);
}

// append_common writes the fields that both headers share, from "version needed" to "crc-32".
void append_common(ByteBuilder& out, const CentralEntry& entry, bool zip64) {
  out.u16(entry.method == Method::kZstd ? kZipVersionZstd
          : zip64                       ? kZipVersionZip64
                                        : kZipVersionDeflate)
      .u16(is_ascii(entry.name) ? 0 : kZipFlagUtf8)
      .u16(static_cast<std::uint16_t>(entry.method))
      .u16(0)
      .u16(kDate)
      .u32(entry.crc32);
}

// local_header gives both sizes in zip64 form where one of them needs it (APPNOTE 4.5.3).
ByteBuilder local_header(const CentralEntry& entry) {
  const bool zip64 = has_big_size(entry);
  ByteBuilder out;
  out.u32(kZipLocalSignature);
  append_common(out, entry, zip64);
  out.u32(zip64 ? kZipSaturated32 : entry.stored_size)
      .u32(zip64 ? kZipSaturated32 : entry.size)
      .u16(entry.name.size())
      .u16(zip64 ? 4 + 2 * sizeof(std::uint64_t) : 0)
      .text(entry.name);
  if (zip64) {
    out.u16(kZipExtraZip64).u16(2 * sizeof(std::uint64_t)).u64(entry.size).u64(entry.stored_size);
  }
  return out;
}

// append_central gives each number in zip64 form that needs it.
void append_central(ByteBuilder& out, const CentralEntry& entry) {
  ByteBuilder zip64;
  for (const std::uint64_t value : {entry.size, entry.stored_size, entry.offset}) {
    if (is_big(value)) zip64.u64(value);
  }
  const bool has_zip64 = zip64.size() != 0;
  out.u32(kZipCentralSignature).u16(kMadeBy);
  append_common(out, entry, has_zip64);
  out.u32(saturated32(entry.stored_size))
      .u32(saturated32(entry.size))
      .u16(entry.name.size())
      .u16(has_zip64 ? 4 + zip64.size() : 0)
      .u16(0)  // comment
      .u16(0)  // disk
      .u16(0)  // internal attributes
      .u32(is_directory(entry) ? kDirectoryAttributes : kAttributes)
      .u32(saturated32(entry.offset))
      .text(entry.name);
  if (has_zip64) out.u16(kZipExtraZip64).u16(zip64.size()).text(text_of(zip64.bytes()));
}

CentralEntry directory_entry(std::string_view name, std::uint64_t offset) {
  return {std::string(name) + '/', offset, 0, 0, 0, Method::kStored};
}

}  // namespace

DirectoryHeaders directory_headers(std::string_view name, std::uint64_t offset) {
  const CentralEntry entry = directory_entry(name, offset);
  const ByteBuilder local = local_header(entry);
  ByteBuilder central;
  append_central(central, entry);
  return {std::string(text_of(local.bytes())), std::string(text_of(central.bytes()))};
}

struct ZipWriter::State {
  Sink sink;
  std::uint64_t offset;
  Limits limits;
  SizeCheck sizes;
  std::vector<CentralEntry> entries;
  Status failed;  // what the sink returned first: nothing can be right after that

  Status write(std::span<const std::byte> bytes) {
    if (!failed.ok()) return failed;
    failed = sink(bytes);
    if (failed.ok()) offset += bytes.size();
    return failed;
  }

  // check_room accepts one more member or directory of that name.
  Status check_room(std::string_view name) const {
    SIGNEDVFS_TRY(check_member_name(name, limits).about(name));
    if (entries.size() < limits.members) return {};
    return too_large("members", limits.members, in_quotes(name) + " is one member too many")
        .about(name);
  }
};

ZipWriter::ZipWriter(Sink sink, std::uint64_t begin, const Limits& limits)
    : state_(std::make_unique<State>(
          State{std::move(sink), begin, limits, SizeCheck(limits), {}, {}})) {}
ZipWriter::ZipWriter(ZipWriter&&) noexcept = default;
ZipWriter::~ZipWriter() = default;

Status ZipWriter::add(std::string_view name, const Packed& member) {
  SIGNEDVFS_TRY(state_->check_room(name));
  SIGNEDVFS_TRY(state_->sizes.add(name, member.size, member.bytes.size()));
  if (member.method == Method::kStored && member.bytes.size() != member.size) {
    return {Errc::kUsage, in_quotes(name) + ": stored content of another size than stated"};
  }
  const CentralEntry entry{std::string(name), state_->offset, member.bytes.size(),
                           member.size,       member.crc32,   member.method};
  const ByteBuilder header = local_header(entry);
  SIGNEDVFS_TRY(state_->write(header.bytes()));
  SIGNEDVFS_TRY(state_->write(member.bytes.bytes()));
  state_->entries.push_back(entry);
  return {};
}

Status ZipWriter::add_directory(std::string_view name) {
  SIGNEDVFS_TRY(state_->check_room(name));
  const CentralEntry entry = directory_entry(name, state_->offset);
  const ByteBuilder header = local_header(entry);
  SIGNEDVFS_TRY(state_->write(header.bytes()));
  state_->entries.push_back(entry);
  return {};
}

std::uint64_t ZipWriter::position() const noexcept { return state_->offset; }

Status ZipWriter::finish() && {
  const auto state = std::exchange(state_, nullptr);
  std::vector<std::string_view> names;
  std::vector<std::string_view> directories;
  names.reserve(state->entries.size());
  for (const CentralEntry& entry : state->entries) {
    const std::string_view name = entry.name;
    if (is_directory(entry)) {
      directories.push_back(name.substr(0, name.size() - 1));
    } else {
      names.push_back(name);
    }
  }
  SIGNEDVFS_TRY(check_name_conflicts(names, directories));

  const std::uint64_t directory = state->offset;
  ByteBuilder out;
  for (const CentralEntry& entry : state->entries) append_central(out, entry);
  const std::uint64_t size = out.size();
  const std::uint64_t count = state->entries.size();
  if (size > state->limits.directory_bytes) {
    return too_large("directory_bytes", state->limits.directory_bytes,
                     "a central directory of " + std::to_string(size) + " bytes");
  }
  if (count >= kZipSaturated16 || is_big(size) || is_big(directory)) {
    out.u32(kZipEnd64Signature)
        .u64(kZipEnd64StatedSize)
        .u16(kMadeBy)
        .u16(kZipVersionZip64)
        .u32(0)  // this disk
        .u32(0)  // the directory's disk
        .u64(count)
        .u64(count)
        .u64(size)
        .u64(directory);
    out.u32(kZipLocatorSignature).u32(0).u64(directory + size).u32(1);
  }
  out.u32(kZipEndSignature)
      .u16(0)  // this disk
      .u16(0)  // the directory's disk
      .u16(saturated16(count))
      .u16(saturated16(count))
      .u32(saturated32(size))
      .u32(saturated32(directory))
      .u16(0);  // comment
  return state->write(out.bytes());
}

}  // namespace signedvfs
