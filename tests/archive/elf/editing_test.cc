#include "archive/elf/editing.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "archive/elf/shared_object.h"
#include "tests/support/elf_builder.h"
#include "tests/support/temporary_directory.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using DynamicEntry = std::pair<std::uint64_t, std::uint64_t>;

Result<bool> remove_from(std::string& file) {
  return remove_search_path(std::as_writable_bytes(std::span(file)));
}

Result<SharedObject> read_edited(const std::string& file) {
  return read_shared_object(std::as_bytes(std::span(file)));
}

std::string file_content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream copy;
  copy << in.rdbuf();
  return copy.str();
}

// dynamic_entries returns those of a file of ElfPlan's, up to the first DT_NULL.
std::vector<DynamicEntry> dynamic_entries(const std::string& file) {
  std::vector<DynamicEntry> out;
  const auto number = [&](std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(file[at + i])} << (8 * i);
    }
    return value;
  };
  for (std::size_t at = ElfPlan::kDynamicOffset; number(at) != elf::kNull;
       at += elf::kDynamicSize) {
    out.emplace_back(number(at), number(at + 8));
  }
  return out;
}

ElfPlan searching_plan(const std::vector<std::uint64_t>& tags) {
  ElfPlan plan;
  plan.entry(elf::kNeeded, "libone.so.1").entry(elf::kSoname, "_it.so");
  for (const std::uint64_t tag : tags) {
    plan.entry(tag, "$ORIGIN/../it.libs:/opt/lib").entry(elf::kNeeded, "libtwo.so");
  }
  plan.entry(elf::kNeeded, "libc.so.6");
  plan.versions = {{"libc.so.6", {{"GLIBC_2.17", 0}}}};
  return plan;
}

TEST(RemoveSearchPath, KeepsAllElse) {
  for (const auto& tags : std::vector<std::vector<std::uint64_t>>{
           {elf::kRunpath}, {elf::kRpath}, {elf::kRpath, elf::kRunpath}}) {
    const std::string before = searching_plan(tags).build();
    std::string file = before;
    const auto removed = remove_from(file);
    ASSERT_TRUE(removed.ok()) << removed.status().what();
    EXPECT_TRUE(*removed);

    SharedObject expected = *read_edited(before);
    EXPECT_THAT(expected.search_paths, ElementsAre("$ORIGIN/../it.libs", "/opt/lib"));
    expected.search_paths.clear();
    expected.is_runpath = false;
    const auto read = read_edited(file);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, expected);

    std::vector<DynamicEntry> entries = dynamic_entries(before);
    std::erase_if(entries, [](const DynamicEntry& one) {
      return one.first == elf::kRpath || one.first == elf::kRunpath;
    });
    EXPECT_EQ(dynamic_entries(file), entries);
    ASSERT_EQ(file.size(), before.size());
    constexpr std::size_t kBehind = ElfPlan::kDynamicOffset + ElfPlan::kDynamicSize;
    EXPECT_EQ(file.substr(0, ElfPlan::kDynamicOffset), before.substr(0, ElfPlan::kDynamicOffset));
    EXPECT_EQ(file.substr(kBehind), before.substr(kBehind));

    const std::string once = file;
    const auto again = remove_from(file);
    ASSERT_TRUE(again.ok());
    EXPECT_FALSE(*again);
    EXPECT_EQ(file, once);
  }
}

// A path of no directories is none, and gone nevertheless.
TEST(RemoveSearchPath, RemovesAnEmptyOne) {
  ElfPlan plan;
  plan.entry(elf::kRunpath, "");
  std::string file = plan.build();
  const auto removed = remove_from(file);
  ASSERT_TRUE(removed.ok());
  EXPECT_TRUE(*removed);
  const auto read = read_edited(file);
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->is_runpath);
}

// Entries behind the first DT_NULL are none, whatever they look like.
TEST(RemoveSearchPath, LeavesAloneWhatLiesBehindTheEnd) {
  ElfPlan plan = searching_plan({elf::kRunpath});
  std::string file = plan.build();
  const std::size_t end =
      ElfPlan::kDynamicOffset + dynamic_entries(file).size() * elf::kDynamicSize;
  ElfPlan::put(file, end + 8, ElfPlan::number(7, 8) + ElfPlan::number(elf::kRunpath, 8));
  const std::string before = file;
  ASSERT_TRUE(remove_from(file).ok());
  EXPECT_EQ(file.substr(end), before.substr(end));
  EXPECT_EQ(file.substr(end - elf::kDynamicSize, elf::kDynamicSize),
            std::string(elf::kDynamicSize, '\0'));
}

TEST(RemoveSearchPath, RefusesWhatIsUnclearAndLeavesItAsItWas) {
  std::vector<std::string> files = {"", "text", searching_plan({elf::kRunpath}).build()};
  files.back().resize(ElfPlan::kLoaded - 1);
  files.push_back(searching_plan({elf::kRunpath, elf::kRunpath}).build());
  ElfPlan endless = searching_plan({elf::kRunpath});
  endless.filling = std::byte{1};
  files.push_back(endless.build());
  ElfPlan program = searching_plan({elf::kRunpath});
  program.type = elf::kTypeExecutable;
  files.push_back(program.build());
  for (const std::string& before : files) {
    std::string file = before;
    EXPECT_EQ(remove_from(file).code(), Errc::kBadLibrary);
    EXPECT_EQ(file, before);
  }
}

// The string table begins in the dynamic section: names change with the entries.
TEST(RemoveSearchPath, RefusesATableOverTheSection) {
  ElfPlan plan;
  plan.strings_address = ElfPlan::kDynamicAddress;
  plan.strings_size = ElfPlan::kDynamicSize;
  // Their texts are the tags of two entries that nobody reads.
  plan.entries = {{elf::kRunpath, 3 * elf::kDynamicSize},
                  {elf::kSoname, 2 * elf::kDynamicSize},
                  {0x41, 0},
                  {0x42, 0}};
  const std::string before = plan.build();
  const auto read = read_edited(before);
  ASSERT_TRUE(read.ok()) << read.status().what();
  EXPECT_EQ(read->soname, "A");
  EXPECT_THAT(read->search_paths, ElementsAre("B"));
  std::string file = before;
  const auto removed = remove_from(file);
  ASSERT_EQ(removed.code(), Errc::kBadLibrary);
  EXPECT_THAT(removed.status().what(), HasSubstr("part of another table"));
  EXPECT_EQ(file, before);
}

TEST(RemoveSearchPath, IsForTheMachineThatIsSaid) {
  ElfPlan plan = searching_plan({elf::kRunpath});
  const Machine other = *machine_named("aarch64") == own_machine() ? 62 : *machine_named("aarch64");
  plan.machine = other;
  std::string file = plan.build();
  EXPECT_EQ(remove_from(file).code(), Errc::kBadLibrary);
  EXPECT_TRUE(remove_search_path(std::as_writable_bytes(std::span(file)), other).ok());
}

// The loader finds what the module needs by its search path, and not without.
TEST(RemoveSearchPath, IsWhatTheLoaderSees) {
  if (own_machine() == kNoMachine) GTEST_SKIP() << "objects of this machine's kind are not read";
  std::string file = file_content(SEARCHING_MODULE);
  const auto before = read_edited(file);
  ASSERT_TRUE(before.ok()) << before.status().what();
  ASSERT_FALSE(before->search_paths.empty());
  const auto removed = remove_from(file);
  ASSERT_TRUE(removed.ok()) << removed.status().what();
  EXPECT_TRUE(*removed);
  EXPECT_THAT(read_edited(file)->search_paths, IsEmpty());

  const TemporaryDirectory directory;
  const std::string path = directory.write("edited.so", file);
  EXPECT_EQ(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL), nullptr);
  EXPECT_THAT(dlerror(), HasSubstr("searched_library"));
  void* const loaded = dlopen(SEARCHING_MODULE, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(loaded, nullptr) << dlerror();
  // Now that its library is loaded, the edited one has what it needs, and works.
  void* const edited = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(edited, nullptr) << dlerror();
  const auto call = reinterpret_cast<int (*)()>(dlsym(edited, "signedvfs_searching"));
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call(), 42);
  dlclose(edited);
  dlclose(loaded);
}

}  // namespace
}  // namespace signedvfs
