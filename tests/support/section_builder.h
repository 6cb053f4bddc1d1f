// Programs with sections for tests: an ELF header, one segment over all contents, and the table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive/elf/format.h"
#include "archive/elf/machine.h"
#include "tests/support/elf_builder.h"

namespace signedvfs {

// PlannedSection is a section to be.
struct PlannedSection {
  std::string name;
  std::string content;
  std::uint32_t type = elf::kSectionContent;
  std::uint64_t flags = elf::kSectionLoaded;
};

// SectionPlan is a file to be: header, program header, the contents, the names and the table.
class SectionPlan {
 public:
  // Offsets of fields in Elf64_Ehdr and Elf64_Shdr.
  static constexpr std::size_t kTypeField = 16;
  static constexpr std::size_t kTableField = 40;
  static constexpr std::size_t kHeaderSizeField = 52;
  static constexpr std::size_t kSegmentSizeField = 54;
  static constexpr std::size_t kSegmentCountField = 56;
  static constexpr std::size_t kSectionSizeField = 58;
  static constexpr std::size_t kSectionCountField = 60;
  static constexpr std::size_t kNamesField = 62;
  static constexpr std::size_t kNameInSection = 0;
  static constexpr std::size_t kTypeInSection = 4;
  static constexpr std::size_t kOffsetInSection = 24;
  static constexpr std::size_t kSizeInSection = 32;

  static constexpr std::size_t kContentsAt = elf::kHeaderSize + elf::kProgramHeaderSize;

  std::vector<PlannedSection> sections;

  // table_at returns where the section headers lie in what was built last; the first one is unused,
  // and the one behind `sections` is that of the names.
  std::size_t table_at(std::size_t index = 0) const {
    return table_at_ + index * elf::kSectionHeaderSize;
  }

  std::string build() {
    const auto number = &ElfPlan::number;
    std::vector<PlannedSection> all = sections;
    all.push_back({".shstrtab", "", elf::kSectionStrings, 0});
    std::string names(1, '\0');
    std::string headers(elf::kSectionHeaderSize, '\0');
    std::vector<std::uint64_t> name_at;
    for (const PlannedSection& one : all) {
      name_at.push_back(names.size());
      names += one.name + '\0';
    }
    all.back().content = names;
    std::string contents;
    for (std::size_t i = 0; i < all.size(); ++i) {
      headers += number(name_at[i], 4) + number(all[i].type, 4) + number(all[i].flags, 8) +
                 number(0, 8) + number(kContentsAt + contents.size(), 8) +
                 number(all[i].content.size(), 8) + number(0, 4) + number(0, 4) + number(1, 8) +
                 number(0, 8);
      if (all[i].type != elf::kSectionNoContent) contents += all[i].content;
    }
    table_at_ = kContentsAt + contents.size();
    return std::string("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16) + number(elf::kTypeExecutable, 2) +
           number(own_machine(), 2) + number(1, 4) + number(0, 8) + number(elf::kHeaderSize, 8) +
           number(table_at_, 8) + number(0, 4) + number(elf::kHeaderSize, 2) +
           number(elf::kProgramHeaderSize, 2) + number(1, 2) + number(elf::kSectionHeaderSize, 2) +
           number(all.size() + 1, 2) + number(all.size(), 2) + number(elf::kLoad, 4) +
           number(elf::kReadable, 4) + number(0, 8) + number(0, 8) + number(0, 8) +
           number(table_at_, 8) + number(table_at_, 8) + number(0x1000, 8) + contents + headers;
  }

 private:
  std::size_t table_at_ = 0;
};

}  // namespace signedvfs
