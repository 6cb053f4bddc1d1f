#include "archive/elf/shared_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "tests/support/elf_builder.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kEnd = ElfPlan::kDynamicAddress + ElfPlan::kDynamicSize;

Result<SharedObject> read(const std::string& file, Machine machine = own_machine()) {
  return read_shared_object(std::as_bytes(std::span(file)), machine);
}

// usual is a plan with something of everything.
ElfPlan usual() {
  ElfPlan plan;
  plan.entry(elf::kNeeded, "libone-1234.so.1")
      .entry(elf::kSoname, "_it.so")
      .entry(elf::kNeeded, "libc.so.6")
      .entry(elf::kRunpath, "$ORIGIN/../it.libs:/opt/lib");
  plan.versions = {{"libc.so.6", {{"GLIBC_2.17", 0}, {"GLIBC_2.2.5", 0}}},
                   {"libm.so.6", {{"GLIBC_2.29", 0}}}};
  return plan;
}

TEST(SharedObject, SaysWhatItNeeds) {
  const auto object = read(usual().build());
  ASSERT_TRUE(object.ok()) << object.status().what();
  EXPECT_EQ(object->machine, own_machine());
  EXPECT_EQ(object->soname, "_it.so");
  EXPECT_THAT(object->needed, ElementsAre("libone-1234.so.1", "libc.so.6"));
  EXPECT_THAT(object->search_paths, ElementsAre("$ORIGIN/../it.libs", "/opt/lib"));
  EXPECT_TRUE(object->is_runpath);
  EXPECT_THAT(object->hooks, IsEmpty());
  EXPECT_THAT(object->versions, ElementsAre(NeededVersion{"libc.so.6", "GLIBC_2.17"},
                                            NeededVersion{"libc.so.6", "GLIBC_2.2.5"},
                                            NeededVersion{"libm.so.6", "GLIBC_2.29"}));
  EXPECT_EQ(object->loaded_size, ElfPlan::kLoaded);
  EXPECT_FALSE(object->has_text_relocations);
  EXPECT_FALSE(object->needs_executable_stack);
}

TEST(SharedObject, ReadsTheSameFromItsLoadedPart) {
  const std::string file = usual().build();
  const auto whole = read(file);
  ASSERT_TRUE(whole.ok());
  const auto part = read(file.substr(0, whole->loaded_size));
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(*part, *whole);
  EXPECT_EQ(read(file.substr(0, whole->loaded_size - 1)).code(), Errc::kBadLibrary);
}

TEST(SharedObject, NeedsNothing) {
  const auto object = read(ElfPlan().build());
  ASSERT_TRUE(object.ok()) << object.status().what();
  EXPECT_EQ(object->soname, "");
  EXPECT_THAT(object->needed, IsEmpty());
  EXPECT_THAT(object->search_paths, IsEmpty());
  EXPECT_THAT(object->versions, IsEmpty());
}

TEST(SharedObject, KeepsHeadersAndNotesBehindItsSegmentsLoaded) {
  ElfPlan plan;
  plan.more = {{elf::kNote, 4, ElfPlan::kLoaded, 0, 0x20, 0x20, 4}};
  const auto object = read(plan.build());
  ASSERT_TRUE(object.ok()) << object.status().what();
  EXPECT_EQ(object->loaded_size, ElfPlan::kLoaded + 0x20);
}

TEST(SharedObject, IsReadForAnotherMachine) {
  ElfPlan plan;
  const Machine other = *machine_named("aarch64") == own_machine() ? 62 : *machine_named("aarch64");
  plan.machine = other;
  const std::string file = plan.build();
  EXPECT_TRUE(read(file, other).ok());
  const auto here = read(file);
  ASSERT_EQ(here.code(), Errc::kBadLibrary);
  EXPECT_EQ(here.status().what(), "it is built for " + machine_name(other) + ", and not for " +
                                      machine_name(own_machine()));
  EXPECT_NE(here.status().advice(), "");
  EXPECT_EQ(read(file, kNoMachine).code(), Errc::kBadLibrary);
}

TEST(SharedObject, OfTheGnuSystemIsRead) {
  ElfPlan plan;
  plan.ident[7] = elf::kOsGnu;
  EXPECT_TRUE(read(plan.build()).ok());
}

TEST(SharedObject, HasAnOldSearchPath) {
  ElfPlan plan;
  plan.entry(elf::kRpath, "$ORIGIN::/lib:");
  const auto object = read(plan.build());
  ASSERT_TRUE(object.ok());
  EXPECT_THAT(object->search_paths, ElementsAre("$ORIGIN", "", "/lib", ""));
  EXPECT_FALSE(object->is_runpath);
}

// glibc forgets DT_RPATH where there is DT_RUNPATH, whichever comes first.
TEST(SharedObject, GoesByTheNewSearchPathOfTwo) {
  for (const bool first : {true, false}) {
    ElfPlan plan;
    if (first) plan.entry(elf::kRpath, "/old");
    plan.entry(elf::kRunpath, "/new");
    if (!first) plan.entry(elf::kRpath, "/old");
    const auto object = read(plan.build());
    ASSERT_TRUE(object.ok());
    EXPECT_THAT(object->search_paths, ElementsAre("/new"));
    EXPECT_TRUE(object->is_runpath);
  }
}

TEST(SharedObject, HasNoSearchPathInAnEmptyText) {
  ElfPlan plan;
  plan.entry(elf::kRunpath, "");
  const auto object = read(plan.build());
  ASSERT_TRUE(object.ok());
  EXPECT_THAT(object->search_paths, IsEmpty());
}

TEST(SharedObject, ReportsPathsThatItNeeds) {
  ElfPlan plan;
  plan.entry(elf::kNeeded, "../x/libx.so").entry(elf::kNeeded, "$LIB/liby.so");
  const auto object = read(plan.build());
  ASSERT_TRUE(object.ok());
  EXPECT_THAT(object->needed, ElementsAre("../x/libx.so", "$LIB/liby.so"));
}

TEST(SharedObject, NamesItsHooks) {
  ElfPlan plan;
  plan.entry(elf::kFilter, "libf.so")
      .entry(elf::kAuxiliary, "liba.so")
      .entry(elf::kFilter, "libg.so")
      .entry(elf::kAudit, "libx.so")
      .entry(elf::kDepAudit, "liby.so");
  const auto object = read(plan.build());
  ASSERT_TRUE(object.ok()) << object.status().what();
  EXPECT_THAT(object->hooks,
              ElementsAre("DT_FILTER libf.so", "DT_AUXILIARY liba.so", "DT_FILTER libg.so",
                          "DT_AUDIT libx.so", "DT_DEPAUDIT liby.so"));
}

TEST(SharedObject, ReportsWrittenCodeAndExecutableStacks) {
  ElfPlan by_tag;
  by_tag.entries.emplace_back(elf::kTextRelocations, 0);
  by_tag.stack.flags = 7;
  ElfPlan by_flag;
  by_flag.entries.emplace_back(elf::kFlags, elf::kFlagTextRelocations);
  by_flag.with_stack = false;
  for (ElfPlan* const plan : {&by_tag, &by_flag}) {
    const auto object = read(plan->build());
    ASSERT_TRUE(object.ok()) << object.status().what();
    EXPECT_TRUE(object->has_text_relocations);
    EXPECT_TRUE(object->needs_executable_stack);
  }
}

TEST(SharedObject, ListsAVersionOnceAndNoWeakOnes) {
  ElfPlan plan;
  plan.versions = {{"libc.so.6", {{"GLIBC_2.9", 0}, {"GLIBC_2.38", elf::kWeak}}},
                   {"libc.so.6", {{"GLIBC_2.9", 0}}}};
  const auto object = read(plan.build());
  ASSERT_TRUE(object.ok()) << object.status().what();
  EXPECT_THAT(object->versions, ElementsAre(NeededVersion{"libc.so.6", "GLIBC_2.9"}));
}

TEST(SharedObject, EndsWhereItsDynamicSectionEnds) {
  ElfPlan plan;
  plan.with_strings = false;
  plan.entries = {{elf::kStringTable, ElfPlan::kStringsAt}, {elf::kStringSize, 1}, {elf::kNull, 0}};
  plan.entry(elf::kNeeded, "libnot.so");
  const auto object = read(plan.build());
  ASSERT_TRUE(object.ok()) << object.status().what();
  EXPECT_THAT(object->needed, IsEmpty());
}

TEST(SharedObject, OfManyBytesThatAreNoneIsRefused) {
  const std::string file = usual().build();
  EXPECT_THAT(read("").status().what(), HasSubstr("no ELF file"));
  for (std::size_t size = 0; size < ElfPlan::kLoaded; ++size) {
    ASSERT_EQ(read(file.substr(0, size)).code(), Errc::kBadLibrary) << size;
  }
}

struct Case {
  const char* name;
  const char* what;
  std::function<void(ElfPlan&)> change;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class SharedObjectRefuses : public testing::TestWithParam<Case> {};

TEST_P(SharedObjectRefuses, It) {
  ElfPlan plan = usual();
  ASSERT_TRUE(read(plan.build()).ok());
  plan = usual();
  GetParam().change(plan);
  const auto object = read(plan.build());
  ASSERT_EQ(object.code(), Errc::kBadLibrary);
  EXPECT_THAT(object.status().what(), HasSubstr(GetParam().what));
}

std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Headers, SharedObjectRefuses,
    testing::Values(
        Case{"Magic", "no ELF file", [](ElfPlan& p) { p.ident[0] = 'M'; }},
        Case{"Class32", "built for a 32-bit machine", [](ElfPlan& p) { p.ident[4] = 1; }},
        Case{"ClassUnknown", "no class or byte order", [](ElfPlan& p) { p.ident[4] = 3; }},
        Case{"BigEndian", "built for a big-endian machine", [](ElfPlan& p) { p.ident[5] = 2; }},
        Case{"OrderUnknown", "no class or byte order", [](ElfPlan& p) { p.ident[5] = 0; }},
        Case{"IdentVersion", "another version than 1", [](ElfPlan& p) { p.ident[6] = 0; }},
        Case{"FreeBsd", "another operating system", [](ElfPlan& p) { p.ident[7] = 9; }},
        Case{"Padding", "not zero", [](ElfPlan& p) { p.ident[15] = 1; }},
        Case{"Machine", "built for machine 9999", [](ElfPlan& p) { p.machine = 9999; }},
        Case{"Relocatable", "has not been linked",
             [](ElfPlan& p) { p.type = elf::kTypeRelocatable; }},
        Case{"Executable", "is a program", [](ElfPlan& p) { p.type = elf::kTypeExecutable; }},
        Case{"Core", "core dump", [](ElfPlan& p) { p.type = elf::kTypeCore; }},
        Case{"TypeUnknown", "no shared object", [](ElfPlan& p) { p.type = 0xff00; }},
        Case{"Version", "another version than 1", [](ElfPlan& p) { p.version = 2; }},
        Case{"HeaderSize", "another size", [](ElfPlan& p) { p.program_header_size = 57; }},
        Case{"ManyHeaders", "more than 256 program headers",
             [](ElfPlan& p) { p.program_header_count = elf::kManyProgramHeaders; }},
        Case{"MoreHeadersThanThere", "lie outside the file",
             [](ElfPlan& p) { p.program_header_count = 200; }},
        Case{"HeadersBeyondTheFile", "lie outside the file",
             [](ElfPlan& p) { p.program_headers = ElfPlan::kFileSize + 1; }},
        Case{"HeadersWhereSumsOverflow", "lie outside the file",
             [](ElfPlan& p) { p.program_headers = std::numeric_limits<std::uint64_t>::max(); }}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Segments, SharedObjectRefuses,
    testing::Values(
        Case{"None", "no segment to load",
             [](ElfPlan& p) { p.with_text = p.with_data = p.with_dynamic = false; }},
        Case{"NoDynamic", "linked statically", [](ElfPlan& p) { p.with_dynamic = false; }},
        Case{"TwoDynamic", "two PT_DYNAMIC", [](ElfPlan& p) { p.more = {p.dynamic}; }},
        Case{"TwoDynamicOneEmpty", "two PT_DYNAMIC",
             [](ElfPlan& p) {
               p.more = {p.dynamic};
               p.more[0].file_size = 0;
             }},
        Case{"DynamicEmpty", "is empty", [](ElfPlan& p) { p.dynamic.file_size = 0; }},
        Case{"DynamicInNoSegment", "not inside one PT_LOAD",
             [](ElfPlan& p) { p.dynamic.address += 0x10000; }},
        Case{"DynamicLongerThanItsSegment", "not inside one PT_LOAD",
             [](ElfPlan& p) { p.data.file_size -= 16; }},
        Case{"DynamicElsewhereInTheFile", "contradicts its address",
             [](ElfPlan& p) { p.dynamic.offset -= 16; }},
        Case{"DynamicLargerThanMemory", "more bytes in the file than in memory",
             [](ElfPlan& p) { p.dynamic.memory_size = 16; }},
        Case{"LoadLargerThanMemory", "more bytes in the file than in memory",
             [](ElfPlan& p) { p.data.memory_size = ElfPlan::kDynamicSize - 1; }},
        Case{"LoadBeyondTheFile", "cut short",
             [](ElfPlan& p) { p.data.file_size = p.data.memory_size = 0x1000; }},
        Case{"OffsetBeyondTheFile", "cut short",
             [](ElfPlan& p) { p.data.offset = std::uint64_t{1} << 63U; }},
        Case{"NoteBeyondTheFile", "PT_NOTE segment lies outside",
             [](ElfPlan& p) { p.more = {{elf::kNote, 4, ElfPlan::kFileSize, 0, 1, 1, 4}}; }},
        Case{"AddressTooHigh", "that no process has",
             [](ElfPlan& p) { p.data.address = ~std::uint64_t{0xfff}; }},
        Case{"MemoryTooLarge", "that no process has",
             [](ElfPlan& p) { p.data.memory_size = ~std::uint64_t{0}; }},
        Case{"AlignmentZero", "not aligned to pages", [](ElfPlan& p) { p.data.align = 0; }},
        Case{"AlignmentSmall", "not aligned to pages", [](ElfPlan& p) { p.data.align = 0x800; }},
        Case{"AlignmentOdd", "not aligned to pages", [](ElfPlan& p) { p.data.align = 0x11000; }},
        Case{"NotCongruent", "do not fit together",
             [](ElfPlan& p) { p.data.address = p.dynamic.address = 0x12000; }},
        Case{"EmptyLoad", "is empty",
             [](ElfPlan& p) { p.more = {{elf::kLoad, 4, 0, 0x40000, 0, 0, 0x10000}}; }},
        Case{"NotAscending", "do not ascend", [](ElfPlan& p) { std::swap(p.text, p.data); }},
        Case{"SharedPage", "share a page",
             [](ElfPlan& p) {
               p.text.align = p.data.align = 0x1000;
               p.text.memory_size = 0x10001 + ElfPlan::kDynamicOffset;
             }},
        Case{"OverTheDynamicSection", "overlap",
             [](ElfPlan& p) { p.more = {{elf::kLoad, 6, 0, 0x10000, 0x1000, 0x1000, 0x10000}}; }}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Dynamic, SharedObjectRefuses,
    testing::Values(
        Case{"NoEnd", "has no end", [](ElfPlan& p) { p.filling = std::byte{0x7e}; }},
        Case{"NoStrings", "no string table", [](ElfPlan& p) { p.with_strings = false; }},
        Case{"StringsInNoSegment", "string table is empty, or not inside",
             [](ElfPlan& p) { p.strings_address = 0x8000; }},
        Case{"StringsInMemoryOnly", "string table is empty, or not inside",
             [](ElfPlan& p) { p.strings_address = kEnd; }},
        Case{"StringsBeyondTheirSegment", "string table is empty, or not inside",
             [](ElfPlan& p) { p.strings_size = 0x801; }},
        Case{"StringsOfAllSizes", "string table is empty, or not inside",
             [](ElfPlan& p) { p.strings_size = ~std::uint64_t{0}; }},
        Case{"TwoStringTables", "entry 0x5 twice",
             [](ElfPlan& p) { p.entries.emplace_back(elf::kStringTable, 0x900); }},
        Case{"TwoStringSizes", "entry 0xa twice",
             [](ElfPlan& p) { p.entries.emplace_back(elf::kStringSize, 4); }},
        Case{"TwoSonames", "entry 0xe twice",
             [](ElfPlan& p) { p.entry(elf::kSoname, "other.so"); }},
        Case{"TwoRunpaths", "entry 0x1d twice", [](ElfPlan& p) { p.entry(elf::kRunpath, "/x"); }},
        Case{"TwoRpaths", "entry 0xf twice",
             [](ElfPlan& p) { p.entry(elf::kRpath, "/x").entry(elf::kRpath, "/y"); }},
        Case{"TwoAudits", "entry 0x6ffffefc twice",
             [](ElfPlan& p) { p.entry(elf::kAudit, "x").entry(elf::kAudit, "y"); }},
        Case{"TwoFlags", "twice",
             [](ElfPlan& p) {
               p.entries.emplace_back(elf::kFlags1, 0);
               p.entries.emplace_back(elf::kFlags1, 0);
             }},
        Case{"NameOutside", "needs lies outside the string table",
             [](ElfPlan& p) { p.entries.emplace_back(elf::kNeeded, 0x100000); }},
        Case{"NameWithoutEnd", "needs has no end",
             [](ElfPlan& p) {
               p.entries.emplace_back(elf::kNeeded, p.strings.size());
               p.strings += "open";
               p.versions.clear();
             }},
        Case{"NameEmpty", "without a name", [](ElfPlan& p) { p.entry(elf::kNeeded, ""); }},
        Case{"NameWithNewline", "not printable ASCII: 'lib\\x0ax.so'",
             [](ElfPlan& p) { p.entry(elf::kNeeded, "lib\nx.so"); }},
        Case{"NameInUtf8", "not printable ASCII",
             [](ElfPlan& p) { p.entry(elf::kNeeded, "lib\u00e9.so"); }},
        Case{"SonameWithEscape", "its SONAME is not printable",
             [](ElfPlan& p) {
               p.entries.clear();
               p.entry(elf::kSoname, "\x1b[2J");
             }},
        Case{"PathWithNewline", "RUNPATH is not printable",
             [](ElfPlan& p) {
               p.entries.clear();
               p.entry(elf::kRpath, "/x\n");
             }},
        Case{"Program", "is a program",
             [](ElfPlan& p) { p.entries.emplace_back(elf::kFlags1, elf::kFlagProgram); }},
        Case{"NotToBeOpened", "DF_1_NOOPEN",
             [](ElfPlan& p) { p.entries.emplace_back(elf::kFlags1, elf::kFlagNoOpen); }}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Versions, SharedObjectRefuses,
    testing::Values(
        Case{"Uncounted", "contradicts its counts", [](ElfPlan& p) { p.versions_count = 1; }},
        Case{"Miscounted", "contradicts its counts", [](ElfPlan& p) { p.versions_count = 3; }},
        Case{"CountedAndNotThere", "counted, and not there",
             [](ElfPlan& p) {
               p.versions.clear();
               p.entries.emplace_back(elf::kVerneedCount, 1);
             }},
        Case{"InNoSegment", "not inside one PT_LOAD",
             [](ElfPlan& p) { p.versions_address = 0x8000; }},
        Case{"AtTheEndOfASegment", "not inside one PT_LOAD",
             [](ElfPlan& p) { p.versions_address = ElfPlan::kDynamicOffset - 8; }},
        Case{"OtherKind", "of a kind not known",
             [](ElfPlan& p) { p.versions_address = ElfPlan::kVersionsAt + 2; }},
        Case{"NameNotPrintable", "name of a version is not printable",
             [](ElfPlan& p) { p.versions[0].names[0].first = "GLIBC_\t"; }},
        Case{"NoNames", "contradicts its counts", [](ElfPlan& p) { p.versions[1].names.clear(); }},
        Case{"NameTooLong", "longer than 255 bytes",
             [](ElfPlan& p) { p.versions[0].names[0].first = std::string(256, 'G'); }}),
    case_name);

// Records of a chain may lie anywhere: none that steps out of its segment is read.
TEST(SharedObject, ChainsOfVersionsStayInside) {
  ElfPlan plan = usual();
  const std::string file = plan.build();
  const std::size_t first = ElfPlan::kVersionsAt;
  for (const std::size_t field : {first + 8, first + 12, first + elf::kVerneedSize + 12}) {
    std::string changed = file;
    ElfPlan::put(changed, field, ElfPlan::number(0x10000, 4));
    const auto object = read(changed);
    ASSERT_EQ(object.code(), Errc::kBadLibrary) << field;
    EXPECT_THAT(object.status().what(), HasSubstr("versions is not inside one PT_LOAD"));
  }
}

TEST(SharedObject, NeedsNoMoreLibrariesThanThereCanBe) {
  // 0x400 bytes of entries would not do: the first segment becomes the section.
  ElfPlan plan;
  plan.entry(elf::kNeeded, "libc.so.6");
  std::string file = plan.build();
  const std::size_t many = 1100;
  const std::uint64_t size = (many + 3) * elf::kDynamicSize;
  std::string section;
  for (std::size_t i = 0; i < many; ++i) {
    section += ElfPlan::number(elf::kNeeded, 8) + ElfPlan::number(1, 8);
  }
  section += ElfPlan::number(elf::kStringTable, 8) + ElfPlan::number(ElfPlan::kStringsAt, 8);
  section += ElfPlan::number(elf::kStringSize, 8) + ElfPlan::number(plan.strings.size(), 8);
  section += std::string(elf::kDynamicSize, '\0');
  plan.data.file_size = plan.data.memory_size = size;
  plan.dynamic.file_size = plan.dynamic.memory_size = size;
  file = plan.build().substr(0, ElfPlan::kDynamicOffset) + section;
  const auto object = read(file);
  ASSERT_EQ(object.code(), Errc::kBadLibrary);
  EXPECT_THAT(object.status().what(), HasSubstr("more than 1024 libraries"));
}

}  // namespace
}  // namespace signedvfs
