#include "archive/elf/gathering.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/elf/shared_object.h"
#include "archive/os/dynamic_linker.h"
#include "archive/os/sealed_memory.h"
#include "tests/support/elf_builder.h"
#include "tests/support/signing.h"

namespace signedvfs {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

// keep returns a path to a file in memory, which leads there for the life of the process: other
// tests read what is loaded.
std::string keep(std::span<const std::byte> content) {
  FileDescriptor descriptor = expect(sealed_memory("test", content));
  std::string path = expect(path_for_linker(descriptor.get()));
  static_cast<void>(descriptor.release());
  return path;
}

// object returns the path of a library of some name that needs others.
std::string object(const std::string& soname, const std::vector<std::string>& needed) {
  ElfPlan plan;
  plan.entry(elf::kSoname, soname);
  for (const std::string& name : needed) plan.entry(elf::kNeeded, name);
  // The linker looks at symbols of whatever it relocates.
  plan.entries.emplace_back(elf::kSymbolTable, ElfPlan::kStringsAt);
  return keep(bytes_of(plan.build()));
}

std::string gathering(const std::vector<std::string>& paths) {
  const ByteBuilder file = gathering_object(paths, own_machine(), 0);
  return keep(file.bytes());
}

TEST(GatheringObject, NeedsWhatItIsToldAndHasNothingElse) {
  for (const std::size_t count : {0U, 1U, 2U, 7U, 300U}) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
      names.push_back("/proc/1/fd/" + std::string(i, '/') + std::to_string(i));
    }
    const ByteBuilder file = gathering_object(names, own_machine(), 0x40);
    const SharedObject read = expect(read_shared_object(file.bytes()));
    EXPECT_THAT(read.needed, ElementsAreArray(names));
    EXPECT_EQ(read.machine, own_machine());
    EXPECT_EQ(read.machine_flags, 0x40U);
    EXPECT_EQ(read.loaded_size, file.size());
    EXPECT_EQ(read.soname, "");
    EXPECT_THAT(read.search_paths, IsEmpty());
    EXPECT_THAT(read.hooks, IsEmpty());
    EXPECT_THAT(read.versions, IsEmpty());
    EXPECT_FALSE(read.needs_executable_stack);
    EXPECT_FALSE(read.has_text_relocations);
  }
}

TEST(GatheringObject, IsForTheMachineThatItIsTold) {
  const Machine other = machine_named("aarch64").value_or(kNoMachine);
  const ByteBuilder file = gathering_object({}, other, 0);
  EXPECT_EQ(expect(read_shared_object(file.bytes(), other)).machine, other);
}

TEST(GatheringObject, StandsForALibraryWhoseNameItIsGiven) {
  const std::string name = "libsv-stands-in.so.1";
  const ByteBuilder file = gathering_object({}, own_machine(), 0, name);
  EXPECT_EQ(expect(read_shared_object(file.bytes())).soname, name);
  const std::string path = keep(file.bytes());
  LibraryHandle const loaded = expect(load_library(path, RTLD_NOW));
  EXPECT_EQ(loaded_library(name.c_str()), loaded);
  // What needs it is content with it.
  const std::string other = object("libsv-needs-it.so", {name});
  EXPECT_EQ(library_name(expect(load_library(other, RTLD_NOW))), other);
}

TEST(GatheringObject, HasLibrariesLoadedThatNeedEachOther) {
  const std::string one = object("libsv-gather-1.so", {"libsv-gather-2.so"});
  const std::string two = object("libsv-gather-2.so", {"libsv-gather-3.so", "libsv-gather-1.so"});
  const std::string three = object("libsv-gather-3.so", {"libsv-gather-1.so"});
  // None can be loaded by itself.
  for (const std::string& path : {one, two, three}) {
    EXPECT_THAT(load_library(path, RTLD_NOW).status().what(), HasSubstr("libsv-gather-"));
  }
  const std::string all = gathering({one, two, three});
  LibraryHandle const gathered = expect(load_library(all, RTLD_NOW));
  LibraryHandle const first = expect(load_library(one, RTLD_NOW));
  EXPECT_EQ(loaded_library("libsv-gather-1.so"), first);
  EXPECT_NE(gathered, first);
  for (const std::string& path : {one, two, three}) {
    EXPECT_EQ(library_name(expect(load_library(path, RTLD_NOW))), path);
  }
  EXPECT_EQ(::dlsym(gathered, "no such symbol"), nullptr);
}

TEST(GatheringObject, LoadsNothingWhereOneIsMissing) {
  const std::string one = object("libsv-scatter-1.so", {"libsv-scatter-2.so"});
  const std::string all = gathering({one});
  EXPECT_THAT(load_library(all, RTLD_NOW).status().what(), HasSubstr("libsv-scatter-2.so"));
  EXPECT_EQ(loaded_library("libsv-scatter-1.so"), nullptr);
}

}  // namespace
}  // namespace signedvfs
