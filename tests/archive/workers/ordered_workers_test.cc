#include "archive/workers/ordered_workers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <new>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "archive/workers/in_order.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kWindow = 1000;

std::vector<int> up_to(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

class Workers : public testing::TestWithParam<unsigned> {};

INSTANTIATE_TEST_SUITE_P(Threads, Workers, testing::Values(0U, 1U, 2U, 5U));

TEST_P(Workers, CompleteInOrderInTheCallersThread) {
  std::vector<int> completed;
  std::atomic<int> worked{0};
  const auto self = std::this_thread::get_id();
  OrderedWorkers workers(GetParam(), kWindow);
  for (int i = 0; i < 200; ++i) {
    const auto work = [&worked, i] {
      // The first ones take longest.
      std::this_thread::sleep_for(std::chrono::microseconds(200 - i));
      ++worked;
    };
    const auto complete = [&, i] {
      EXPECT_GT(worked, i);
      EXPECT_EQ(std::this_thread::get_id(), self);
      completed.push_back(i);
      return Status();
    };
    ASSERT_TRUE(workers.put(10, work, complete).ok());
  }
  ASSERT_TRUE(workers.finish().ok());
  EXPECT_EQ(completed, up_to(200));
  ASSERT_TRUE(workers.put(10, [] {}, [&] { return completed.push_back(-1), Status(); }).ok());
  ASSERT_TRUE(workers.finish().ok()) << "and it can go on";
  EXPECT_EQ(completed.back(), -1);
}

TEST_P(Workers, HoldNoMoreThanTheWindow) {
  std::atomic<std::uint64_t> held{0};
  std::atomic<std::uint64_t> most{0};
  OrderedWorkers workers(GetParam(), kWindow);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t bytes = i == 50 ? 5000 : 300;
    const auto work = [&, bytes] {
      const std::uint64_t now = held += bytes;
      std::uint64_t before = most;
      while (before < now && !most.compare_exchange_weak(before, now)) {
      }
    };
    const auto complete = [&, bytes] {
      held -= bytes;
      return Status();
    };
    ASSERT_TRUE(workers.put(bytes, work, complete).ok());
    EXPECT_LE(held, i == 50 ? 5000U : kWindow);
  }
  ASSERT_TRUE(workers.finish().ok());
  EXPECT_EQ(held, 0U);
  EXPECT_EQ(most, 5000U) << "what does not fit goes alone";
}

TEST_P(Workers, EndWithTheFirstFailureInOrder) {
  std::vector<int> completed;
  const auto put = [&](OrderedWorkers& workers, int i) {
    return workers.put(
        10, [] {},
        [&, i]() -> Status {
          if (i == 7 || i == 9) return {Errc::kIo, std::to_string(i)};
          completed.push_back(i);
          return {};
        });
  };
  OrderedWorkers workers(GetParam(), kWindow);
  Status status;
  for (int i = 0; i < 50 && status.ok(); ++i) status = put(workers, i);
  if (status.ok()) status = workers.finish();
  EXPECT_EQ(status.what(), "7");
  EXPECT_EQ(completed, up_to(7));
  EXPECT_EQ(put(workers, 50).what(), "7") << "for good";
  EXPECT_EQ(workers.finish().what(), "7");
  EXPECT_EQ(completed, up_to(7));
}

TEST_P(Workers, ThrowWhatWorkThrowsAndFailAfterwards) {
  bool completed = false;
  OrderedWorkers workers(GetParam(), kWindow);
  const auto attempt = [&] {
    const Status status =
        workers.put(1, [] { throw std::bad_alloc(); }, [&] { return completed = true, Status(); });
    return status.ok() ? workers.finish() : status;
  };
  EXPECT_THROW(static_cast<void>(attempt()), std::bad_alloc);
  EXPECT_FALSE(completed);
  EXPECT_EQ(workers.finish().code(), Errc::kIo);
  EXPECT_EQ(attempt().code(), Errc::kIo);
}

TEST_P(Workers, DropWhatHasNotBegunWithTheObject) {
  std::atomic<int> begun{0};
  {
    OrderedWorkers workers(GetParam(), 1'000'000);
    for (int i = 0; i < 100; ++i) {
      const auto work = [&] {
        ++begun;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      };
      ASSERT_TRUE(workers.put(1, work, [] { return Status(); }).ok());
    }
  }
  if (GetParam() > 1) {
    EXPECT_LT(begun, 100);
  }
}

TEST(OrderedWorkers, LeaveSignalsToTheProgram) {
  OrderedWorkers workers(3, kWindow);
  const auto self = std::this_thread::get_id();
  std::atomic<int> receptive{0};
  for (int i = 0; i < 50; ++i) {
    const auto work = [&] {
      if (std::this_thread::get_id() == self) return;
      sigset_t blocked;
      pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
      if (sigismember(&blocked, SIGINT) != 1 || sigismember(&blocked, SIGTERM) != 1) ++receptive;
    };
    ASSERT_TRUE(workers.put(1, work, [] { return Status(); }).ok());
  }
  ASSERT_TRUE(workers.finish().ok());
  EXPECT_EQ(receptive, 0);
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGINT), 0) << "ours is as it was";
}

struct InOrder : Workers {
  // taken returns what is taken of `count` numbers, each of `bytes`, of which `bad` fails.
  Status take(int count, std::uint64_t bytes, int bad = -1) {
    taken_.clear();
    return in_order<int>(
        static_cast<std::size_t>(count), GetParam(), [bytes](std::size_t) { return bytes; },
        [bad](std::size_t i) -> Result<int> {
          if (static_cast<int>(i) == bad) return Status(Errc::kIo, std::to_string(i));
          return static_cast<int>(i);
        },
        [this](std::size_t i, int number) -> Status {
          EXPECT_EQ(static_cast<int>(i), number);
          taken_.push_back(number);
          return {};
        });
  }

  std::vector<int> taken_;
};

INSTANTIATE_TEST_SUITE_P(Threads, InOrder, testing::Values(0U, 1U, 2U, 5U));

TEST_P(InOrder, TakesEveryResultOnceAndInOrder) {
  for (const int count : {0, 1, 63, 64, 65, 1000}) {
    for (const std::uint64_t bytes : {0ULL, 1ULL, 100'000ULL, 1ULL << 40U}) {
      EXPECT_TRUE(take(count, bytes).ok());
      EXPECT_EQ(taken_, up_to(count));
    }
  }
}

TEST_P(InOrder, TakesEverythingInFrontOfTheFirstFailure) {
  for (const int bad : {0, 1, 63, 64, 500, 999}) {
    EXPECT_EQ(take(1000, 10'000, bad).what(), std::to_string(bad));
    EXPECT_EQ(taken_, up_to(bad));
  }
}

}  // namespace
}  // namespace signedvfs
