// Shared objects for tests, of which every field can be wrong. They are as small as the loader's
// part of one can be: no code, no symbols.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/elf/format.h"
#include "archive/elf/machine.h"

namespace signedvfs {

// ElfSegment is an Elf64_Phdr.
struct ElfSegment {
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  std::uint64_t offset = 0;
  std::uint64_t address = 0;
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
  std::uint64_t align = 0;
};

// ElfVersions is an Elf64_Verneed with its Elf64_Vernaux records, each of them a name and flags.
struct ElfVersions {
  std::string library;
  std::vector<std::pair<std::string, std::uint16_t>> names;
};

// ElfPlan is a file to be: headers, strings and versions lie in its first page and segment, the
// dynamic section at kDynamicOffset in the second one, and sections that nobody loads behind.
class ElfPlan {
 public:
  static constexpr std::uint64_t kStringsAt = 0x800;
  static constexpr std::uint64_t kVersionsAt = 0x400;
  static constexpr std::uint64_t kDynamicOffset = 0x1000;
  static constexpr std::uint64_t kDynamicAddress = 0x11000;
  static constexpr std::uint64_t kDynamicSize = 0x400;
  static constexpr std::uint64_t kLoaded = kDynamicOffset + kDynamicSize;
  static constexpr std::uint64_t kFileSize = kLoaded + 0x40;

  // Fields of Elf64_Ehdr.
  std::string ident = std::string("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
  std::uint16_t type = elf::kTypeShared;
  Machine machine = own_machine();
  std::uint32_t version = 1;
  std::uint64_t program_headers = elf::kHeaderSize;
  std::uint16_t program_header_size = elf::kProgramHeaderSize;
  std::uint16_t program_header_count = 0;  // 0: as many as there are

  ElfSegment text{elf::kLoad, 5, 0, 0, kDynamicOffset, kDynamicOffset, 0x10000};
  ElfSegment data{elf::kLoad, 6, kDynamicOffset, kDynamicAddress, kDynamicSize, 0x2000, 0x10000};
  ElfSegment dynamic{elf::kDynamic, 6, kDynamicOffset, kDynamicAddress, kDynamicSize, kDynamicSize,
                     sizeof(void*)};
  ElfSegment stack{elf::kStack, 6, 0, 0, 0, 0, 16};
  std::vector<ElfSegment> more;  // behind those
  bool with_text = true;
  bool with_data = true;
  bool with_dynamic = true;
  bool with_stack = true;

  std::vector<std::pair<std::uint64_t, std::uint64_t>> entries;  // of the dynamic section
  bool with_strings = true;                                      // DT_STRTAB and DT_STRSZ
  std::uint64_t strings_address = kStringsAt;
  std::uint64_t strings_size = 0;  // 0: what there is
  std::byte filling{0};            // of the dynamic section, behind its entries
  std::vector<ElfVersions> versions;
  std::uint64_t versions_count = 0;  // 0: as many as there are
  std::uint64_t versions_address = kVersionsAt;
  std::string strings = std::string(1, '\0');

  // string returns the offset of `content` in the string table, where it puts it.
  std::uint64_t string(std::string_view content) {
    const std::uint64_t at = strings.size();
    strings += content;
    strings += '\0';
    return at;
  }

  // entry adds an entry whose value is a text.
  ElfPlan& entry(std::uint64_t tag, std::string_view content) {
    entries.emplace_back(tag, string(content));
    return *this;
  }

  std::string build() {
    std::string file(kFileSize, '\0');
    const std::string chain = build_versions();
    put(file, kVersionsAt, chain);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all = entries;
    if (!versions.empty()) {
      all.emplace_back(elf::kVerneed, versions_address);
      all.emplace_back(elf::kVerneedCount, versions_count == 0 ? versions.size() : versions_count);
    }
    if (with_strings) {
      all.emplace_back(elf::kStringTable, strings_address);
      all.emplace_back(elf::kStringSize, strings_size == 0 ? strings.size() : strings_size);
    }
    put(file, kStringsAt, strings);
    std::string section;
    for (const auto& [tag, value] : all) section += number(tag, 8) + number(value, 8);
    section.resize(kDynamicSize, static_cast<char>(filling));
    put(file, kDynamicOffset, section);
    put(file, kLoaded, "sections that no loader reads");

    std::vector<ElfSegment> segments;
    if (with_text) segments.push_back(text);
    if (with_data) segments.push_back(data);
    if (with_dynamic) segments.push_back(dynamic);
    if (with_stack) segments.push_back(stack);
    segments.insert(segments.end(), more.begin(), more.end());
    std::string table;
    for (const ElfSegment& one : segments) {
      table += number(one.type, 4) + number(one.flags, 4) + number(one.offset, 8) +
               number(one.address, 8) + number(one.address, 8) + number(one.file_size, 8) +
               number(one.memory_size, 8) + number(one.align, 8);
    }
    put(file, elf::kHeaderSize, table);
    const std::uint64_t count = program_header_count == 0 ? segments.size() : program_header_count;
    put(file, 0,
        ident + number(type, 2) + number(machine, 2) + number(version, 4) + number(0, 8) +
            number(program_headers, 8) + number(0, 8) + number(0, 4) + number(elf::kHeaderSize, 2) +
            number(program_header_size, 2) + number(count, 2) + number(0, 6));
    return file;
  }

  // build_versions returns the records of `versions`. Tests change single fields of it.
  std::string build_versions() {
    std::string out;
    for (std::size_t i = 0; i < versions.size(); ++i) {
      const ElfVersions& one = versions[i];
      const std::uint64_t size = elf::kVerneedSize + one.names.size() * elf::kVernauxSize;
      out += number(1, 2) + number(one.names.size(), 2) + number(string(one.library), 4) +
             number(elf::kVerneedSize, 4) + number(i + 1 == versions.size() ? 0 : size, 4);
      for (std::size_t j = 0; j < one.names.size(); ++j) {
        out += number(0, 4) + number(one.names[j].second, 2) + number(2, 2) +
               number(string(one.names[j].first), 4) +
               number(j + 1 == one.names.size() ? 0 : elf::kVernauxSize, 4);
      }
    }
    return out;
  }

  static std::string number(std::uint64_t value, std::size_t width) {
    std::string out;
    for (std::size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xffU);
    return out;
  }

  // put overwrites what is there; what would lie beyond the end of `file` is left out.
  static void put(std::string& file, std::size_t at, std::string_view bytes) {
    if (at < file.size()) file.replace(at, bytes.size(), bytes.substr(0, file.size() - at));
  }
};

}  // namespace signedvfs
