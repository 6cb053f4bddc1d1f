#include "importer/ahead/read_ahead.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"

namespace signedvfs {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMemberBytes = 8000;

std::string member_name(int i) { return "p/m" + std::to_string(100 + i) + ".py"; }

class ReadAheadTest : public testing::Test {
 protected:
  ReadAheadTest() {
    for (int i = 0; i < 40; ++i) {
      names_.push_back(member_name(i));
      members_.emplace(names_.back(), std::string(kMemberBytes, static_cast<char>('a' + i % 26)));
    }
    path_ = directory_.write("a.zip", signed_zip_of(members_, {}, Method::kDeflate));
    vfs_ = expect(SignedVfs::open(path_, trusting()));
  }

  // expecting_all returns one that expects all members in their order.
  std::unique_ptr<ReadAhead> expecting_all(const ReadAheadBounds& bounds = {}) const {
    auto ahead = ReadAhead::over(vfs_, {}, bounds);
    ahead->expect([this] { return names_; });
    return ahead;
  }

  // import_all asks for every member as an importer does, which takes its time over each, and
  // returns how many were read ahead. All content is compared.
  std::size_t import_all(ReadAhead& ahead, std::chrono::microseconds work = 300us) const {
    std::size_t count = 0;
    for (const std::string& name : names_) {
      ReadAhead::Answer answer = ahead.take(name);
      if (answer.is_being_read) answer.member = ahead.wait(name);
      if (answer.member.content) {
        ++count;
        EXPECT_EQ(text_of(answer.member.content->bytes()), members_.at(name));
      }
      std::this_thread::sleep_for(work);
    }
    return count;
  }

  // eventually tells whether `reads` ever returns more than 0, given more and more time per member:
  // on a busy machine the thread may come too late for everything.
  template <class Reads>
  static bool eventually(const Reads& reads) {
    for (int i = 1; i <= 100; ++i) {
      if (reads(std::chrono::microseconds(300 * i)) > 0) return true;
    }
    return false;
  }

  TemporaryDirectory directory_;
  Members members_;
  std::vector<std::string> names_;
  std::string path_;
  std::shared_ptr<const SignedVfs> vfs_;
};

TEST_F(ReadAheadTest, MembersAreReadBeforeTheyAreAskedFor) {
  EXPECT_TRUE(eventually([&](auto work) { return import_all(*expecting_all(), work); }));
}

TEST_F(ReadAheadTest, EachIsGivenOutOnce) {
  const auto ahead = expecting_all();
  import_all(*ahead);
  for (const std::string& name : names_) {
    const ReadAhead::Answer answer = ahead->take(name);
    EXPECT_FALSE(answer.member.content);
    EXPECT_FALSE(answer.is_being_read);
  }
}

TEST_F(ReadAheadTest, WhatIsExpectedLastComesFirst) {
  ReadAheadBounds bounds;
  bounds.bytes = kMemberBytes;  // room for one
  bool first_was_read = false;
  for (int i = 0; i < 1000 && !first_was_read; ++i) {
    std::atomic<bool> both{false};
    const auto ahead = ReadAhead::over(vfs_, {}, bounds);
    ahead->expect([&] {
      while (!both) std::this_thread::yield();
      return std::vector<std::string>{names_[0], names_[1]};
    });
    ahead->expect([&] { return std::vector<std::string>{names_[2], names_[3]}; });
    both = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(i));
    EXPECT_FALSE(ahead->take(names_[0]).member.content);
    EXPECT_FALSE(ahead->take(names_[3]).member.content);
    first_was_read = ahead->take(names_[2]).member.content.has_value();
  }
  EXPECT_TRUE(first_was_read);
}

TEST_F(ReadAheadTest, ChangedMembersAreLeftToTheAsker) {
  std::filesystem::resize_file(path_, 10);
  const auto ahead = expecting_all();
  EXPECT_EQ(import_all(*ahead), 0U);
  EXPECT_EQ(vfs_->read(names_.back()).code(), Errc::kShrunk);
}

TEST_F(ReadAheadTest, SmallAndHugeMembersAreNotWorthIt) {
  ReadAheadBounds bounds;
  bounds.smallest = kMemberBytes + 1;
  EXPECT_EQ(import_all(*expecting_all(bounds)), 0U);
  bounds = {};
  bounds.bytes = kMemberBytes - 1;
  EXPECT_EQ(import_all(*expecting_all(bounds)), 0U);
}

TEST_F(ReadAheadTest, ItStopsWhereImportsStopAndGoesOnWhereTheyGoOn) {
  ReadAheadBounds bounds;
  bounds.bytes = 2 * kMemberBytes;
  bounds.patience = 20ms;
  EXPECT_TRUE(eventually([&](auto work) {
    const auto ahead = expecting_all(bounds);
    ahead->take(names_[0]);
    std::this_thread::sleep_for(bounds.patience + work);  // the thread ends, and drops what it has
    ahead->expect([this] { return names_; });
    return import_all(*ahead, work);
  }));
}

TEST_F(ReadAheadTest, ItGoesOnWhereHalfIsLeft) {
  ReadAheadBounds bounds;
  bounds.bytes = 4 * kMemberBytes;
  EXPECT_TRUE(eventually([&](auto work) -> std::size_t {
    const auto ahead = expecting_all(bounds);
    const auto is_ready = [&](int i) {
      std::this_thread::sleep_for(20 * work);  // to read four members, and then to rest
      return ahead->take(names_[static_cast<std::size_t>(i)]).member.content.has_value();
    };
    const bool first = is_ready(0);
    const bool fifth = is_ready(4);  // with three of four left there is no room for it
    const bool second = is_ready(1);
    const bool sixth = is_ready(5);
    return first && !fifth && second && sixth ? 1 : 0;
  }));
}

TEST_F(ReadAheadTest, WhatIsExpectedNowGetsTheRoomOfWhatNobodyAskedFor) {
  ReadAheadBounds bounds;
  bounds.bytes = 2 * kMemberBytes;
  EXPECT_TRUE(eventually([&](auto work) -> std::size_t {
    const auto ahead = ReadAhead::over(vfs_, {}, bounds);
    ahead->expect([&] { return std::vector<std::string>{names_[0], names_[1], names_[2]}; });
    std::this_thread::sleep_for(10 * work);
    ahead->expect([&] { return std::vector<std::string>{names_[10]}; });
    std::this_thread::sleep_for(10 * work);
    const bool oldest = ahead->take(names_[0]).member.content.has_value();
    const bool newest = ahead->take(names_[10]).member.content.has_value();
    return !oldest && newest ? 1 : 0;
  }));
}

TEST_F(ReadAheadTest, WhoeverWaitsGetsWhatIsBeingRead) {
  // Reading this one takes long enough to be asked for meanwhile.
  const Members large = {{"large.py", std::string(900'000, 'x')}};
  const std::string path = directory_.write("large.zip", signed_zip_of(large, {}, Method::kStored));
  const auto vfs = expect(SignedVfs::open(path, trusting()));
  EXPECT_TRUE(eventually([&](auto work) -> std::size_t {
    const auto ahead = ReadAhead::over(vfs);
    ahead->expect([] { return std::vector<std::string>{"large.py"}; });
    std::this_thread::sleep_for(work / 5);
    if (!ahead->take("large.py").is_being_read) return 0;
    const auto content = ahead->wait("large.py").content;
    EXPECT_TRUE(content && text_of(content->bytes()) == large.at("large.py"));
    return 1;
  }));
}

TEST_F(ReadAheadTest, WhereNothingIsExpectedItAnswersNothing) {
  const auto ahead = ReadAhead::over(vfs_);
  EXPECT_EQ(import_all(*ahead), 0U);
  ahead->expect([]() -> std::vector<std::string> { throw std::bad_alloc(); });
  EXPECT_EQ(import_all(*ahead), 0U);
}

TEST_F(ReadAheadTest, UnknownNamesAreNobodysBusiness) {
  EXPECT_TRUE(eventually([&](auto work) {
    const auto ahead = ReadAhead::over(vfs_);
    ahead->expect([&] {
      std::vector<std::string> names = names_;
      names.insert(names.begin() + 3, "p/nobody.py");
      return names;
    });
    const std::size_t count = import_all(*ahead, work);
    EXPECT_FALSE(ahead->take("p/nobody.py").member.content);
    EXPECT_FALSE(ahead->take("elsewhere.py").member.content);
    EXPECT_FALSE(ahead->wait("elsewhere.py").content);
    return count;
  }));
}

// For the sanitizers, which say what is wrong where a thread outlives what it uses: there is
// nothing to expect of a ReadAhead that is gone.
TEST_F(ReadAheadTest, ItCanBeDestroyedAtAnyMoment) {
  for (int i = 0; i < 50; ++i) {
    const auto ahead = expecting_all();
    ahead->take(names_[0]);
    std::this_thread::sleep_for(std::chrono::microseconds(20 * i));
  }
}

TEST_F(ReadAheadTest, ManyThreadsShareIt) {
  const auto ahead = expecting_all();
  std::vector<std::atomic<int>> given(names_.size());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < names_.size(); ++i) {
        ReadAhead::Answer answer = ahead->take(names_[i]);
        if (answer.is_being_read) answer.member = ahead->wait(names_[i]);
        if (answer.member.content &&
            text_of(answer.member.content->bytes()) == members_.at(names_[i])) {
          ++given[i];
        }
        std::this_thread::sleep_for(100us);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::atomic<int>& count : given) EXPECT_LE(count, 1);
}

TEST_F(ReadAheadTest, AForkedChildReadsForItself) {
  for (int i = 0; i < 20; ++i) {
    auto ahead = expecting_all();
    ahead->take(names_[0]);
    std::this_thread::sleep_for(std::chrono::microseconds(50 * i));
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const ReadAhead::Answer answer = ahead->take(names_[1]);
      const bool nothing =
          !answer.member.content && !answer.is_being_read && !ahead->wait(names_[2]).content;
      ahead.reset();
      const bool reads = vfs_->read(names_[1]).ok();
      ::_exit(nothing && reads ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    import_all(*ahead, 0us);
  }
}

#if defined(__SANITIZE_THREAD__)
constexpr bool kHasThreadOfItsOwn = true;
#else
constexpr bool kHasThreadOfItsOwn = false;
#endif

std::size_t thread_count() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                    std::filesystem::directory_iterator()));
}

TEST_F(ReadAheadTest, NoThreadIsLeftWhereTheProgramForks) {
  const std::size_t before = thread_count();
  EXPECT_TRUE(eventually([&](auto work) {
    const auto ahead = expecting_all();
    ahead->take(names_[0]);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    // A thread that has been joined is listed for a moment longer; ThreadSanitizer's own comes and
    // goes with fork.
    bool is_alone = kHasThreadOfItsOwn;
    for (int i = 0; i < 1000 && !is_alone; ++i) {
      is_alone = thread_count() == before;
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_TRUE(is_alone);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return import_all(*ahead, work);  // and it goes on afterwards
  }));
}

TEST_F(ReadAheadTest, OneCoreIsLeftToTheAsker) {
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(::sched_getcpu()), &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(ReadAhead::create(vfs_), nullptr);
  }).join();
}

}  // namespace
}  // namespace signedvfs
