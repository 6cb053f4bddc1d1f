#include "archive/os/dynamic_linker.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "archive/os/lasting_descriptor.h"
#include "archive/os/sealed_memory.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

FileDescriptor memory() { return expect(sealed_memory("test", bytes_of("content"))); }

TEST(PathForLinker, LeadsToTheFileAndIsNeverTheSame) {
  const FileDescriptor one = memory();
  struct stat wanted{};
  ASSERT_EQ(::fstat(one.get(), &wanted), 0);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string path = expect(path_for_linker(one.get()));
    struct stat found{};
    ASSERT_EQ(::stat(path.c_str(), &found), 0) << path;
    EXPECT_EQ(found.st_ino, wanted.st_ino);
    EXPECT_TRUE(seen.insert(path).second) << path;
  }
}

TEST(PathForLinker, IsOfTheChildAfterFork) {
  const FileDescriptor one = memory();
  const std::string before = expect(path_for_linker(one.get()));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string path = expect(path_for_linker(one.get()));
    const std::string own = "/proc/" + std::to_string(::getpid()) + '/';
    ::_exit(path != before && path.starts_with(own) && ::access(path.c_str(), R_OK) == 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(PathForLinker, FailsForWhatIsNotOpen) {
  EXPECT_FALSE(path_for_linker(-1).ok());
  EXPECT_FALSE(path_for_linker(1 << 20).ok());
}

TEST(LinkerGoesByNames, WhereItKnowsAnObjectByItsOwnNameOnly) {
  ASSERT_TRUE(kLinkerGoesByNames);
  // A library that is loaded by its path is then the one that is meant by its DT_SONAME, which no
  // search would find.
  const std::string path = SEARCHED_LIBRARY;
  const std::string name = path.substr(path.rfind('/') + 1);
  EXPECT_FALSE(load_library(name, kBindNowLocally).ok());
  EXPECT_EQ(loaded_library(name), nullptr);
  LibraryHandle const loaded = expect(load_library(path, kBindNowLocally));
  EXPECT_EQ(loaded_library(name), loaded);
  EXPECT_TRUE(is_known_as(loaded, name));
  // Others look for it in vain.
  EXPECT_EQ(::dlclose(loaded), 0);
  EXPECT_EQ(loaded_library(name), nullptr);
}

TEST(LastingDescriptor, KnowsWhereItsFileIs) {
  FileDescriptor one = memory();
  const std::string path = expect(path_for_linker(one.get()));
  const LastingDescriptor lasting = expect(LastingDescriptor::of(std::move(one), "memory"));
  EXPECT_TRUE(lasting.is_at(path));
  EXPECT_FALSE(lasting.is_at("/proc/self/exe"));
  EXPECT_FALSE(lasting.is_at("/no-such-file"));
  // Another file behind the same number.
  const FileDescriptor other = memory();
  ASSERT_EQ(::dup2(other.get(), lasting.get()), lasting.get());
  EXPECT_FALSE(lasting.is_at(path));
}

TEST(LoadLibrary, SaysWhatTheLinkerSays) {
  const FileDescriptor one = memory();
  const Result<LibraryHandle> loaded = load_library(expect(path_for_linker(one.get())), RTLD_NOW);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.code(), Errc::kNotFound);
  EXPECT_THAT(loaded.status().what(), HasSubstr("file too short"));
}

TEST(LoadedLibrary, FindsWhatIsThereAndLoadsNothing) {
  EXPECT_NE(loaded_library("libc.so.6"), nullptr);
  EXPECT_EQ(loaded_library("libc.so.6"), loaded_library("libc.so.6"));
  EXPECT_EQ(loaded_library("libno-such-library.so.1"), nullptr);
  EXPECT_THAT(library_name(loaded_library("libc.so.6")), HasSubstr("libc.so.6"));
}

TEST(LoadedLibrary, IsFoundByItsPathAndByNoPartOfItsName) {
  LibraryHandle const by_name = loaded_library("libc.so.6");
  EXPECT_EQ(loaded_library(library_name(by_name)), by_name);
  for (const char* const name : {"libc.so", "c.so.6", "libc.so.6 ", "/libc.so.6"}) {
    EXPECT_EQ(loaded_library(name), nullptr) << name;
  }
}

TEST(LoadedLibrary, IsFoundOnceItIsLoadedAlsoByTheNameThatItWasGiven) {
  // A library of glibc that nothing here needs (PEP 513 has it on every system).
  const std::string unused = "libBrokenLocale.so.1";
  EXPECT_EQ(loaded_library("libgiven.so.7"), nullptr);
  ASSERT_EQ(loaded_library(unused), nullptr);
  LibraryHandle const loaded = expect(load_library(unused, kBindNowLocally));
  EXPECT_EQ(loaded_library(unused), loaded);
  give_library_name(loaded, "libgiven.so.7");
  EXPECT_EQ(loaded_library("libgiven.so.7"), loaded);
  EXPECT_EQ(loaded_library(unused), loaded);  // it is still what it says of itself
}

TEST(MayHoldLibraries, WhatIsOrCouldComeToBe) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(may_hold_libraries(directory.path()));
  EXPECT_TRUE(may_hold_libraries(directory / "missing"));
  EXPECT_TRUE(may_hold_libraries(directory / "missing/../more//deeper/"));
  EXPECT_TRUE(may_hold_libraries("/no-such-directory"));
  EXPECT_TRUE(may_hold_libraries(""));
  EXPECT_TRUE(may_hold_libraries("relative"));
  directory.write("file", "x");
  EXPECT_TRUE(may_hold_libraries(directory / "file/below"));
}

TEST(MayHoldLibraries, NotWhereTheKernelAloneDecides) {
  const std::string own = "/proc/" + std::to_string(::getpid());
  for (const std::string& place :
       {own, own + "/fd", own + "/fd/../x.libs", own + "/task/../no-such-thing/deeper",
        std::string("/proc/no-such-process"), std::string("/proc/self/fd/./")}) {
    EXPECT_FALSE(may_hold_libraries(place)) << place;
  }
}

TEST(MayHoldLibraries, WhereLinksLeadOutOfThere) {
  const std::string own = "/proc/" + std::to_string(::getpid());
  for (const std::string& place : {own + "/cwd", own + "/root/", own + "/cwd/no-such-directory",
                                   own + "/root/no/such", own + "/fd/../cwd/no-such-directory",
                                   own + "/../../no-such-directory", own + "/task/../../../tmp"}) {
    EXPECT_TRUE(may_hold_libraries(place)) << place;
  }
}

TEST(StartEnvironment, StaysWhatItWas) {
  const auto before = start_environment("PATH");
  EXPECT_TRUE(start_environment("SIGNEDVFS_NO_SUCH_VARIABLE").empty());
  ASSERT_EQ(::setenv("SIGNEDVFS_NO_SUCH_VARIABLE", "1", 1), 0);
  EXPECT_TRUE(start_environment("SIGNEDVFS_NO_SUCH_VARIABLE").empty());
  ASSERT_EQ(::unsetenv("SIGNEDVFS_NO_SUCH_VARIABLE"), 0);
  EXPECT_EQ(start_environment("PATH"), before);
  EXPECT_EQ(before.size(), 1);
}

TEST(StartEnvironmentDeathTest, IsWhatWasTaken) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // it has to be asked for the first time
  EXPECT_EXIT(
      {
        ::setenv("SIGNEDVFS_TAKEN", "here", 1);
        take_start_environment();
        ::unsetenv("SIGNEDVFS_TAKEN");
        const std::vector<std::string> expected{"here"};
        ::_exit(start_environment("SIGNEDVFS_TAKEN") == expected ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(SystemLibraryDirectories, HaveTheLibraryOfC) {
  bool found = false;
  for (const std::string& directory : system_library_directories()) {
    EXPECT_THAT(directory, StartsWith("/"));
    found = found || ::access((directory + "/libc.so.6").c_str(), R_OK) == 0;
  }
  EXPECT_TRUE(found);
}

TEST(HasSymbol, IsAboutTheLibraryAndWhatItNeeds) {
  LibraryHandle const maths = expect(load_library("libm.so.6", RTLD_NOW));
  EXPECT_TRUE(has_symbol(maths, "cos"));
  EXPECT_TRUE(has_symbol(maths, "fork"));  // of the C library
  EXPECT_FALSE(has_symbol(maths, "no such symbol"));
}

}  // namespace
}  // namespace signedvfs
