#include "archive/os/quiet_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>

namespace signedvfs {
namespace {

TEST(QuietThread, RunsTheWorkElsewhereAndHearsNoSignal) {
  pthread_t ran = ::pthread_self();
  sigset_t mask;
  sigemptyset(&mask);
  {
    QuietThread thread;
    ASSERT_TRUE(thread.start([&] {
      ran = ::pthread_self();
      ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    }));
    thread.join();
    thread.join();  // there is nothing more to wait for
  }
  EXPECT_EQ(::pthread_equal(ran, ::pthread_self()), 0);
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD, SIGUSR1}) {
    EXPECT_EQ(sigismember(&mask, signal), 1) << signal;
  }
  sigset_t own;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &own);
  EXPECT_EQ(sigismember(&own, SIGINT), 0);
}

TEST(QuietThread, IsWaitedForByWhoeverDropsIt) {
  bool is_done = false;
  {
    QuietThread thread;
    ASSERT_TRUE(thread.start([&] { is_done = true; }));
  }
  EXPECT_TRUE(is_done);
  const QuietThread never_started;
}

}  // namespace
}  // namespace signedvfs
