#include "archive/os/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace signedvfs {
namespace {

std::string called;  // a letter for each handler, in the order of the calls

ForkHandlers first{[] { called += 'a'; }, [] { called += 'b'; }, [] { called += 'c'; }};
ForkHandlers second{[] { called += 'A'; }, [] { called += 'B'; }, [] { called += 'C'; }};

TEST(Process, TheLastRegisteredHandlerIsCalledFirstAndThenLast) {
  around_fork(first);
  around_fork(second);
  for (int i = 0; i < 2; ++i) {
    called.clear();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(called == "AacC" ? 0 : 1);
    EXPECT_EQ(called, "AabB");
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
}

TEST(Process, HasAnotherNumberInTheChild) {
  const std::int64_t before = process_id();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(process_id() != before ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(process_id(), before);
}

}  // namespace
}  // namespace signedvfs
