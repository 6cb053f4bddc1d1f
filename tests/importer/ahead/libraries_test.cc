// Libraries that are made ready on another thread.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <new>
#include <thread>

#include "importer/ahead/read_ahead.h"
#include "importer/native/search_path.h"
#include "tests/support/elf_builder.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"

namespace signedvfs {
namespace {

using namespace std::chrono_literals;

constexpr const char* kModule = "pkg/_m.so";
constexpr const char* kFirst = "pkg.libs/liba.so.1";
constexpr const char* kSecond = "pkg.libs/libb.so";
constexpr const char* kPython = "pkg/late.py";

std::string object(const std::vector<std::string>& needed) {
  ElfPlan plan;
  for (const std::string& name : needed) plan.entry(elf::kNeeded, name);
  plan.entry(elf::kRunpath, "$ORIGIN/../pkg.libs");
  return plan.build();
}

// has_sealed_memory tells whether some descriptor of this process is memory that is named after a
// member of ours.
bool has_sealed_memory() {
  for (const auto& item : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(item.path(), gone).string();
    if (target.starts_with("/memfd:") && target.find("pkg") != std::string::npos) return true;
  }
  return false;
}

class LibrariesAheadTest : public testing::Test {
 protected:
  LibrariesAheadTest() {
    bounds_.smallest = 1;
    const Members members = {{kModule, object({"liba.so.1", "libb.so", "libc.so.6"})},
                             {kFirst, object({"libb.so"})},
                             {kSecond, object({})},
                             {kPython, "v = 1"}};
    source_.vfs =
        expect(SignedVfs::open(directory_.write("app.zip", signed_zip_of(members)), trusting()));
    source_.archive = "app.zip";
  }

  // seal is what an importer gives. It counts what it has made.
  ReadAhead::Seal seal() {
    return [this](const std::string& name) -> Result<ReadyLibrary> {
      ++sealed_;
      SIGNEDVFS_ASSIGN(SealedLibrary library, SealedLibrary::read(source_, name));
      SIGNEDVFS_ASSIGN(auto needs, bundled_members(source_.vfs->listing(), name, library.object()));
      return ReadyLibrary{std::make_unique<SealedLibrary>(std::move(library)), std::move(needs)};
    };
  }

  std::unique_ptr<ReadAhead> expecting(std::vector<std::string> names, ReadAhead::Seal seal) {
    auto ahead = ReadAhead::over(source_.vfs, std::move(seal), bounds_);
    ahead->expect([names = std::move(names)] { return names; });
    return ahead;
  }

  // comes_true gives the other thread the time that a busy machine takes.
  template <class Condition>
  static bool comes_true(const Condition& condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
    return condition();
  }

  static ReadyMember take(ReadAhead& ahead, const char* name) {
    ReadAhead::Answer answer = ahead.take(name);
    return answer.is_being_read ? ahead.wait(name) : std::move(answer.member);
  }

  TemporaryDirectory directory_;
  LibrarySource source_;
  ReadAheadBounds bounds_;
  std::atomic<int> sealed_ = 0;
};

TEST_F(LibrariesAheadTest, WhatALibraryNeedsComesNext) {
  const auto ahead = expecting({kModule, kPython}, seal());
  EXPECT_TRUE(comes_true([&] { return sealed_ == 3; }));
  for (const char* const name : {kModule, kFirst, kSecond}) {
    const ReadyMember ready = take(*ahead, name);
    ASSERT_NE(ready.library, nullptr) << name;
    EXPECT_FALSE(ready.content);
    EXPECT_TRUE(std::filesystem::exists(ready.library->path()));
    EXPECT_EQ(take(*ahead, name).library, nullptr) << "given out once";
  }
  EXPECT_EQ(take(*ahead, kPython).library, nullptr);
  EXPECT_EQ(sealed_, 3);
}

TEST_F(LibrariesAheadTest, ALibraryThatWasAskedForIsNotSealed) {
  const auto ahead = ReadAhead::over(source_.vfs, seal(), bounds_);
  for (const char* const name : {kFirst, kSecond}) EXPECT_EQ(take(*ahead, name).library, nullptr);
  ahead->expect([] { return std::vector<std::string>{kModule, kPython}; });
  EXPECT_TRUE(comes_true([&] { return sealed_ == 1; }));
  EXPECT_NE(take(*ahead, kModule).library, nullptr);
  EXPECT_EQ(sealed_, 1);
}

TEST_F(LibrariesAheadTest, WithoutASealNoneIsRead) {
  const auto ahead = expecting({kModule, kPython}, {});
  EXPECT_TRUE(comes_true([&] { return !ahead->take(kModule).is_being_read; }));
  EXPECT_EQ(take(*ahead, kModule).library, nullptr);
  EXPECT_FALSE(take(*ahead, kModule).content);
}

TEST_F(LibrariesAheadTest, WhatFailsIsLeftToTheAsker) {
  std::atomic<int> asked = 0;
  const auto ahead = expecting({kModule, kFirst, kSecond}, [&](const std::string& name) {
    ++asked;
    if (name == kModule) throw std::bad_alloc();
    if (name == kFirst) return Result<ReadyLibrary>(Status(Errc::kBadLibrary, "no"));
    return seal()(name);
  });
  EXPECT_TRUE(comes_true([&] { return asked == 3; }));
  EXPECT_NE(take(*ahead, kSecond).library, nullptr);
  EXPECT_EQ(take(*ahead, kModule).library, nullptr);
  EXPECT_EQ(take(*ahead, kFirst).library, nullptr);
}

TEST_F(LibrariesAheadTest, TooManyBytesWaitUntilSomeAreTaken) {
  // Of a file a library keeps a little less: there is room for two, and then no more.
  bounds_.library_bytes = expect(source_.vfs->size_of(kModule));
  const auto ahead = expecting({kModule}, seal());
  EXPECT_TRUE(comes_true([&] { return sealed_ == 2; }));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(sealed_, 2);
  EXPECT_NE(take(*ahead, kModule).library, nullptr);
  EXPECT_NE(take(*ahead, kFirst).library, nullptr);
  EXPECT_TRUE(comes_true([&] { return sealed_ == 3; }));
}

TEST_F(LibrariesAheadTest, NobodysAreDroppedAfterAWhile) {
  bounds_.patience = 10ms;
  const auto ahead = expecting({kModule}, seal());
  EXPECT_TRUE(comes_true([&] { return sealed_ == 3; }));
  EXPECT_TRUE(comes_true([] { return !has_sealed_memory(); }));
  EXPECT_EQ(take(*ahead, kModule).library, nullptr);
}

TEST_F(LibrariesAheadTest, AForkedChildHasNoDescriptorOfThem) {
  const auto ahead = expecting({kModule}, seal());
  EXPECT_TRUE(comes_true([] { return has_sealed_memory(); }));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(has_sealed_memory() ? 1 : 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(take(*ahead, kModule).library, nullptr);
}

}  // namespace
}  // namespace signedvfs
