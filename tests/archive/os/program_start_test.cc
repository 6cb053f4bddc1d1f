#include "archive/os/program_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <string>
#include <thread>
#include <vector>

namespace signedvfs {
namespace {

using ::testing::Eq;
using ::testing::ExitedWithCode;

void refuse_in_threads(int count) {
  std::barrier start(count);
  std::vector<std::jthread> threads;
  for (int number = 0; number < count; ++number) {
    threads.emplace_back([&start] {
      start.arrive_and_wait();
      refuse_to_run("this is refused\n", 126);
    });
  }
}

TEST(ProgramStart, OneOfManyThreadsSaysWhy) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // threads are started
  for (int round = 0; round < 10; ++round) {
    EXPECT_EXIT(refuse_in_threads(8), ExitedWithCode(126), Eq("this is refused\n"));
  }
}

}  // namespace
}  // namespace signedvfs
