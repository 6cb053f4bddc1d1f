#include "archive/elf/sections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "archive/base/buffer.h"
#include "archive/elf/format.h"
#include "tests/support/section_builder.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;
using Plan = SectionPlan;

// What SectionTable.FindsWhatTheLinkerMade looks for in the file of this very program.
__attribute__((section("svfs_test_section"), used)) const char kPlaced[] = "placed by the linker";

Plan usual_sections() {
  Plan plan;
  plan.sections = {
      {".text", "code", elf::kSectionContent, elf::kSectionLoaded | elf::kSectionExecutable},
      {".bss", std::string(5000, 'x'), elf::kSectionNoContent, 3},
      {".key", "secret"},
      {".empty", ""}};
  return plan;
}

Result<elf::Section> find(std::string_view file, std::string_view name) {
  return elf::find_section(bytes_of(file), name);
}

// field puts a number of that width into `file`.
std::string field(std::string file, std::size_t at, std::uint64_t value, std::size_t width) {
  ElfPlan::put(file, at, ElfPlan::number(value, width));
  return file;
}

void expect_refused(std::string_view file, std::string_view what) {
  const auto section = find(file, ".key");
  ASSERT_EQ(section.code(), Errc::kBadLibrary) << what;
  EXPECT_THAT(section.status().what(), HasSubstr(std::string(what)));
}

TEST(SectionTable, FindsByName) {
  Plan plan = usual_sections();
  const std::string file = plan.build();
  const auto key = find(file, ".key");
  ASSERT_TRUE(key.ok()) << key.status().what();
  EXPECT_EQ(*key,
            (elf::Section{Plan::kContentsAt + 4, 6, elf::kSectionLoaded, elf::kSectionContent}));
  EXPECT_EQ(file.substr(key->offset, key->size), "secret");
  const auto bss = find(file, ".bss");
  ASSERT_TRUE(bss.ok());
  EXPECT_EQ(bss->type, elf::kSectionNoContent);
  EXPECT_EQ(bss->size, 5000U);
  const auto empty = find(file, ".empty");
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->size, 0U);
  for (const std::string_view other : {".ke", ".keys", "key", "", ".k\0y"}) {
    EXPECT_EQ(find(file, other).code(), Errc::kNotFound) << other;
  }
}

TEST(SectionTable, ReadsSharedObjectsAsWell) {
  EXPECT_TRUE(
      find(field(usual_sections().build(), Plan::kTypeField, elf::kTypeShared, 2), ".key").ok());
  for (const unsigned type : {0U, 1U, 4U, 0xffffU}) {
    expect_refused(field(usual_sections().build(), Plan::kTypeField, type, 2), "neither a program");
  }
}

TEST(SectionTable, KnowsWhereTheFileEnds) {
  const std::string file = usual_sections().build();
  const std::string more = file + "an archive behind it";
  for (const std::string& one : {file, more}) {
    const auto table = elf::SectionTable::read(bytes_of(one));
    ASSERT_TRUE(table.ok());
    EXPECT_EQ(table->end(), file.size());
  }
  EXPECT_TRUE(find(more, ".key").ok());
}

TEST(SectionTable, MayBeMissing) {
  Plan plan = usual_sections();
  std::string file = plan.build().substr(0, plan.table_at());
  file = field(field(file, Plan::kTableField, 0, 8), Plan::kSectionCountField, 0, 2);
  EXPECT_EQ(find(file, ".key").code(), Errc::kNotFound);
  const auto table = elf::SectionTable::read(bytes_of(file));
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->end(), file.size());
  expect_refused(field(file, Plan::kSectionCountField, 1, 2), "and not where");
}

TEST(SectionTable, IsRefusedCutShort) {
  const std::string file = usual_sections().build();
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_EQ(find(file.substr(0, size), ".key").code(), Errc::kBadLibrary) << size;
  }
}

TEST(SectionTable, IsRefusedWithTwoOfTheName) {
  Plan plan = usual_sections();
  plan.sections.push_back({".key", "other"});
  expect_refused(plan.build(), "two sections of the name '.key'");
  EXPECT_TRUE(find(plan.build(), ".text").ok());
}

TEST(SectionTable, IsRefusedOfAnotherKind) {
  const std::string file = usual_sections().build();
  expect_refused("", "no ELF file");
  expect_refused(field(file, 0, 0x7e, 1), "no ELF file");
  expect_refused(field(file, 4, elf::kClass32, 1), "64-bit");
  expect_refused(field(file, 5, elf::kBigEndian, 1), "little-endian");
  expect_refused(field(file, 6, 2, 1), "version");
  expect_refused(field(file, 20, 2, 4), "version");
  expect_refused(field(file, Plan::kHeaderSizeField, 65, 2), "64 bytes");
  expect_refused(field(file, Plan::kSegmentSizeField, 55, 2), "program headers");
  expect_refused(field(file, Plan::kSegmentCountField, 0xffff, 2), "program headers");
  expect_refused(field(file, Plan::kSegmentCountField, 0xfff, 2), "program headers lie outside");
  expect_refused(field(file, Plan::kSectionSizeField, 65, 2), "section headers");
}

TEST(SectionTable, IsRefusedWhereItsHeaderDoesNotSayAll) {
  const std::string file = usual_sections().build();
  expect_refused(field(file, Plan::kSectionCountField, 0, 2), "how many");
  expect_refused(field(file, Plan::kSectionCountField, 0xff00, 2), "how many");
  expect_refused(field(file, Plan::kSectionCountField, 7, 2), "outside the file");
  expect_refused(field(file, Plan::kNamesField, 6, 2), "where their names are");
  expect_refused(field(file, Plan::kNamesField, 0xffff, 2), "where their names are");
  expect_refused(field(file, Plan::kNamesField, 1, 2), "no texts");
  expect_refused(field(file, Plan::kNamesField, 0, 2), "no texts");
}

TEST(SectionTable, IsRefusedOutsideTheFile) {
  Plan plan = usual_sections();
  const std::string file = plan.build();
  for (const std::uint64_t at : {file.size(), file.size() - 1, ~std::uint64_t{0},
                                 ~std::uint64_t{0} - 63, std::uint64_t{1} << 63U}) {
    expect_refused(field(file, Plan::kTableField, at, 8), "outside the file");
    expect_refused(field(file, elf::kHeaderSize + 8, at, 8), "segment lies outside");
    const std::uint64_t size = std::max(at, at + 2);  // from the file's first byte on
    expect_refused(field(file, elf::kHeaderSize + 32, size, 8), "segment lies outside");
    // .text, and the table of names
    for (const std::size_t index : {1U, 5U}) {
      const std::size_t header = plan.table_at(index);
      expect_refused(field(file, header + Plan::kOffsetInSection, at, 8), "lies outside");
      expect_refused(field(file, header + Plan::kSizeInSection, at, 8), "lies outside");
    }
  }
  // What has no bytes in the file may say anything.
  std::string other = field(file, plan.table_at(2) + Plan::kOffsetInSection, ~std::uint64_t{0}, 8);
  EXPECT_TRUE(find(other, ".key").ok());
  other = field(file, plan.table_at(0) + Plan::kSizeInSection, ~std::uint64_t{0}, 8);
  EXPECT_TRUE(find(other, ".key").ok());
}

TEST(SectionTable, IsRefusedWithANameThatHasNoEnd) {
  Plan plan = usual_sections();
  const std::string file = plan.build();
  constexpr std::string_view kWhat = "name of a section lies outside";
  for (const std::uint64_t at : {std::uint64_t{0x1000}, std::uint64_t{0xffffffff}}) {
    expect_refused(field(file, plan.table_at(1) + Plan::kNameInSection, at, 4), kWhat);
  }
  // The last name without its end, which is in the table of names.
  const std::size_t size = plan.table_at(5) + Plan::kSizeInSection;
  const std::size_t names = std::string(".text.bss.key.empty.shstrtab").size() + 6;
  EXPECT_TRUE(find(field(file, size, names, 8), ".key").ok());
  expect_refused(field(file, size, names - 1, 8), kWhat);
  expect_refused(field(file, size, 0, 8), kWhat);
}

TEST(SectionTable, FindsWhatTheLinkerMade) {
  if (own_machine() == kNoMachine) GTEST_SKIP() << "files of this machine's kind are not read";
  std::ifstream in("/proc/self/exe", std::ios::binary);
  std::ostringstream copy;
  copy << in.rdbuf();
  const std::string file = copy.str();
  const auto section = find(file, "svfs_test_section");
  ASSERT_TRUE(section.ok()) << section.status().what();
  EXPECT_EQ(section->type, elf::kSectionContent);
  EXPECT_EQ(section->flags & (elf::kSectionLoaded | elf::kSectionWritable), elf::kSectionLoaded);
  // A sanitizer leaves room behind it.
  ASSERT_GE(section->size, sizeof kPlaced);
  EXPECT_EQ(std::string_view(file).substr(section->offset, sizeof kPlaced),
            std::string_view(kPlaced, sizeof kPlaced));
  const auto table = elf::SectionTable::read(bytes_of(file));
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->end(), file.size());
}

}  // namespace
}  // namespace signedvfs
