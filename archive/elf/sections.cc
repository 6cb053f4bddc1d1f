#include "archive/elf/sections.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/base/byte_cursor.h"
#include "archive/elf/bad_library.h"
#include "archive/elf/format.h"

namespace signedvfs::elf {
namespace {

// SectionHeader is an Elf64_Shdr as far as it is read.
struct SectionHeader {
  std::uint32_t name = 0;  // offset in the table of names
  Section section;
};

SectionHeader read_section_header(std::span<const std::byte> record) {
  ByteCursor cursor(record);
  SectionHeader header;
  header.name = cursor.u32();
  header.section.type = cursor.u32();
  header.section.flags = cursor.u64();
  header.section.address = cursor.u64();
  header.section.offset = cursor.u64();
  header.section.size = cursor.u64();
  return header;
}

SectionHeader header_at(std::span<const std::byte> headers, std::size_t index) {
  return read_section_header(headers.subspan(index * kSectionHeaderSize, kSectionHeaderSize));
}

// has_content tells whether bytes of the file are the section's.
bool has_content(const Section& section) {
  return section.type != kSectionUnused && section.type != kSectionNoContent;
}

// Range is a part of the file, in bytes.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  bool is_inside(std::uint64_t whole) const { return size <= whole && offset <= whole - size; }
};

// Tables is what is used of an Elf64_Ehdr.
struct Tables {
  Range segments;
  Range sections;           // empty: none
  std::uint16_t names = 0;  // index of the section with their names
};

Status check_ident(std::span<const std::byte> ident) {
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint8_t>(ident[at]); };
  if (byte(4) != kClass64 || byte(5) != kLittleEndian) {
    return bad_library("it is no 64-bit, little-endian ELF file, and others are not read");
  }
  if (byte(6) != kVersion) return bad_library("its ELF header has another version than 1");
  return {};
}

Result<Tables> read_tables(std::span<const std::byte> file) {
  if (ByteCursor(file).u32() != kMagic) return bad_library("it is no ELF file");
  ByteCursor cursor(file);
  const std::span<const std::byte> ident = cursor.take(16);
  const std::uint16_t type = cursor.u16();
  cursor.take(2);  // e_machine
  const std::uint32_t version = cursor.u32();
  cursor.take(8);  // e_entry
  Tables tables;
  tables.segments.offset = cursor.u64();
  tables.sections.offset = cursor.u64();
  cursor.take(4);  // e_flags
  const std::uint16_t header_size = cursor.u16();
  const std::uint16_t segment_size = cursor.u16();
  const std::uint16_t segments = cursor.u16();
  const std::uint16_t section_size = cursor.u16();
  const std::uint16_t sections = cursor.u16();
  tables.names = cursor.u16();
  if (!cursor.ok()) return bad_library("the file ends in its ELF header");

  SIGNEDVFS_TRY(check_ident(ident));
  if (version != kVersion) return bad_library("its ELF header has another version than 1");
  if (type != kTypeExecutable && type != kTypeShared) {
    return bad_library("it is neither a program nor a shared object");
  }
  if (header_size != kHeaderSize) {
    return bad_library("its ELF header has another size than 64 bytes");
  }
  if (segments == kManyProgramHeaders || (segments != 0 && segment_size != kProgramHeaderSize)) {
    return bad_library("its program headers have another size or number than is read");
  }
  tables.segments.size = std::uint64_t{segments} * kProgramHeaderSize;
  if (tables.sections.offset == 0) {
    // With section headers and a number of 0, the true number would stand in the first one.
    if (sections != 0) return bad_library("it says how many sections it has, and not where");
    return tables;
  }
  if (sections == 0 || sections >= kManySections || tables.names >= sections) {
    return bad_library(
        "its ELF header does not say how many sections it has, or where their "
        "names are");
  }
  if (section_size != kSectionHeaderSize) {
    return bad_library("its section headers have another size than 64 bytes");
  }
  tables.sections.size = std::uint64_t{sections} * kSectionHeaderSize;
  return tables;
}

// end_of_segments returns where the last segment ends in the file; nothing where that is beyond.
std::optional<std::uint64_t> end_of_segments(std::span<const std::byte> file, const Range& table) {
  std::uint64_t end = table.offset + table.size;
  for (std::uint64_t at = 0; at < table.size; at += kProgramHeaderSize) {
    ByteCursor cursor(file.subspan(table.offset + at, kProgramHeaderSize));
    cursor.take(8);  // p_type, p_flags
    Range segment;
    segment.offset = cursor.u64();
    cursor.take(16);  // p_vaddr, p_paddr
    segment.size = cursor.u64();
    if (segment.size == 0) continue;
    if (!segment.is_inside(file.size())) return std::nullopt;
    end = std::max(end, segment.offset + segment.size);
  }
  return end;
}

}  // namespace

Result<SectionTable> SectionTable::read(std::span<const std::byte> file) {
  SIGNEDVFS_ASSIGN(const Tables tables, read_tables(file));
  SectionTable out;
  out.end_ = kHeaderSize;
  if (tables.segments.size != 0) {
    if (!tables.segments.is_inside(file.size())) {
      return bad_library("its program headers lie outside the file");
    }
    const auto end = end_of_segments(file, tables.segments);
    if (!end) return bad_library("a segment lies outside the file: it is cut short");
    out.end_ = std::max(out.end_, *end);
  }
  if (tables.sections.size == 0) return out;
  if (!tables.sections.is_inside(file.size())) {
    return bad_library("its section headers lie outside the file: it is cut short");
  }
  out.headers_ = file.subspan(tables.sections.offset, tables.sections.size);
  out.end_ = std::max(out.end_, tables.sections.offset + tables.sections.size);
  for (std::size_t i = 0; i < out.headers_.size() / kSectionHeaderSize; ++i) {
    const Section section = header_at(out.headers_, i).section;
    if (!has_content(section)) continue;
    if (!Range{section.offset, section.size}.is_inside(file.size())) {
      return bad_library("a section lies outside the file: it is cut short");
    }
    out.end_ = std::max(out.end_, section.offset + section.size);
  }
  const Section names = header_at(out.headers_, tables.names).section;
  if (names.type != kSectionStrings) return bad_library("the names of its sections are no texts");
  out.names_ = file.subspan(names.offset, names.size);
  return out;
}

Result<Section> SectionTable::find(std::string_view name) const {
  const std::string_view names = text_of(names_);
  std::optional<Section> found;
  for (std::size_t i = 0; i < headers_.size() / kSectionHeaderSize; ++i) {
    const SectionHeader header = header_at(headers_, i);
    if (header.section.type == kSectionUnused) continue;
    const std::size_t end = names.find('\0', header.name);
    if (end == std::string_view::npos) {
      return bad_library("the name of a section lies outside the table of names");
    }
    if (names.substr(header.name, end - header.name) != name) continue;
    if (found) return bad_library("it has two sections of the name " + in_quotes(name));
    found = header.section;
  }
  if (!found) return Status(Errc::kNotFound, "it has no section of the name " + in_quotes(name));
  return *found;
}

Result<Section> find_section(std::span<const std::byte> file, std::string_view name) {
  SIGNEDVFS_ASSIGN(const SectionTable table, SectionTable::read(file));
  return table.find(name);
}

}  // namespace signedvfs::elf
