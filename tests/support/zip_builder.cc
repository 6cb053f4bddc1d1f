#include "support/zip_builder.h"

#include <algorithm>

#include "archive/base/byte_builder.h"
#include "archive/members/names.h"
#include "archive/zip/format.h"

namespace signedvfs {
namespace {

constexpr std::uint32_t kTruthfulTime = 0x00210000;  // 1980-01-01 00:00:00
constexpr std::uint32_t kTruthfulFile = 0100644U << kZipModeShift;
constexpr std::uint32_t kTruthfulDirectory = 0040755U << kZipModeShift | kZipDosDirectory;

// overlaid returns `base` with the set fields of `over`.
ZipFields overlaid(ZipFields base, const ZipFields& over) {
  const auto set = [](auto& field, const auto& value) {
    if (value) field = value;
  };
  set(base.name, over.name);
  set(base.version, over.version);
  set(base.flags, over.flags);
  set(base.method, over.method);
  set(base.time, over.time);
  set(base.crc32, over.crc32);
  set(base.stored_size, over.stored_size);
  set(base.size, over.size);
  set(base.name_size, over.name_size);
  set(base.extra_size, over.extra_size);
  set(base.extra, over.extra);
  set(base.disk, over.disk);
  set(base.attributes, over.attributes);
  set(base.offset, over.offset);
  set(base.comment, over.comment);
  return base;
}

std::string encoded(const ZipEntry& entry) {
  if (entry.stored) return *entry.stored;
  if (entry.method == Method::kStored) return entry.content;
  const Packed packed = pack_member(bytes_of(entry.content), entry.method).value();
  return std::string(text_of(packed.bytes.bytes()));
}

void append_common(ByteBuilder& out, const ZipFields& fields) {
  out.u16(*fields.version)
      .u16(*fields.flags)
      .u16(*fields.method)
      .u32(*fields.time)
      .u32(*fields.crc32)
      .u32(*fields.stored_size)
      .u32(*fields.size)
      .u16(fields.name_size.value_or(static_cast<std::uint16_t>(fields.name->size())))
      .u16(fields.extra_size.value_or(static_cast<std::uint16_t>(fields.extra->size())));
}

}  // namespace

std::string little_endian(std::uint64_t value, std::size_t width) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i) {
    bytes += static_cast<char>((value >> (8 * i)) & 0xffU);
  }
  return bytes;
}

std::string extra_field(std::uint16_t id, const std::string& value) {
  return little_endian(id, 2) + little_endian(value.size(), 2) + value;
}

std::string build_zip(const ZipPlan& plan) {
  ByteBuilder out;
  out.text(plan.prefix);
  const std::size_t base = plan.offsets_from_start ? 0 : plan.prefix.size();
  ByteBuilder directory;
  std::uint64_t count = 0;
  for (const ZipEntry& entry : plan.entries) {
    out.text(entry.before);
    const std::string stored = encoded(entry);
    const bool is_directory = entry.name.ends_with('/');
    ZipFields truth;
    truth.name = entry.name;
    truth.version = kZipVersionDeflate;
    truth.flags = is_ascii(entry.name) ? 0 : kZipFlagUtf8;
    truth.method = static_cast<std::uint16_t>(entry.method);
    truth.time = kTruthfulTime;
    truth.crc32 = checksum(bytes_of(entry.content));
    truth.stored_size = static_cast<std::uint32_t>(stored.size());
    truth.size = static_cast<std::uint32_t>(entry.content.size());
    truth.extra = "";
    truth.disk = std::uint16_t{0};
    truth.attributes = is_directory ? kTruthfulDirectory : kTruthfulFile;
    truth.offset = static_cast<std::uint32_t>(out.size() - base);
    truth.comment = "";
    truth = overlaid(truth, entry.both);

    const ZipFields local = overlaid(truth, entry.local);
    out.u32(kZipLocalSignature);
    append_common(out, local);
    out.text(*local.name).text(*local.extra).text(stored).text(entry.after);
    if (!entry.in_directory) continue;

    const ZipFields central = overlaid(truth, entry.central);
    directory.u32(kZipCentralSignature).u16(3U << 8U | kZipVersionDeflate);
    append_common(directory, central);
    directory.u16(central.comment->size())
        .u16(*central.disk)
        .u16(0)
        .u32(*central.attributes)
        .u32(*central.offset)
        .text(*central.name)
        .text(*central.extra)
        .text(*central.comment);
    ++count;
  }
  out.text(plan.after_members);
  const std::uint64_t offset = out.size() - base;
  const std::uint64_t size = directory.size();
  out.text(text_of(directory.bytes())).text(plan.after_directory);
  if (plan.zip64) {
    const Zip64Fields& big = *plan.zip64;
    const std::uint64_t record = out.size() - base;
    out.u32(kZipEnd64Signature)
        .u64(big.stated_size.value_or(kZipEnd64StatedSize + big.extra.size()))
        .u16(kZipVersionZip64)
        .u16(big.version.value_or(kZipVersionZip64))
        .u32(big.disk.value_or(0))
        .u32(big.disk.value_or(0))
        .u64(big.count_here.value_or(count))
        .u64(big.count.value_or(count))
        .u64(big.size.value_or(size))
        .u64(big.offset.value_or(offset))
        .text(big.extra)
        .text(big.between);
    out.u32(kZipLocatorSignature)
        .u32(big.locator_disk.value_or(0))
        .u64(big.record_offset.value_or(record))
        .u32(big.disks.value_or(1));
  }
  out.u32(kZipEndSignature)
      .u16(plan.disk.value_or(0))
      .u16(plan.directory_disk.value_or(0))
      .u16(plan.count_here.value_or(
          static_cast<std::uint16_t>(std::min<std::uint64_t>(count, kZipSaturated16))))
      .u16(plan.count.value_or(
          static_cast<std::uint16_t>(std::min<std::uint64_t>(count, kZipSaturated16))))
      .u32(plan.size.value_or(static_cast<std::uint32_t>(size)))
      .u32(plan.offset.value_or(static_cast<std::uint32_t>(offset)))
      .u16(plan.comment_size.value_or(static_cast<std::uint16_t>(plan.comment.size())))
      .text(plan.comment)
      .text(plan.trailing);
  return std::string(text_of(out.bytes()));
}

}  // namespace signedvfs
