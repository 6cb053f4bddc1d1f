#include "archive/os/processors.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace signedvfs {
namespace {

TEST(Processors, AreThoseThatTheThreadMayUse) {
  EXPECT_GE(processors(), 1U);
  cpu_set_t set;
  CPU_ZERO(&set);
  ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  EXPECT_LE(processors(), static_cast<unsigned>(CPU_COUNT(&set)));
  // In a thread of its own, which takes its affinity along.
  unsigned alone = 0;
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0) alone = processors();
  }).join();
  EXPECT_EQ(alone, 1U);
}

}  // namespace
}  // namespace signedvfs
