// The end of a process in which threads still use OpenSSL.
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <tuple>

namespace signedvfs {
namespace {

class Exit : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

// The probe sleeps behind OpenSSL's clean-up, so that its threads meet what that has left.
TEST_P(Exit, NeitherCrashesNorHangs) {
  std::string program = EXIT_PROBE;
  std::string way = std::get<0>(GetParam());
  std::string others = std::get<1>(GetParam());
  // Threads that are at work at the end, and OpenSSL, which they may be inside, keep what they
  // have.
  std::string sanitizer = "ASAN_OPTIONS=detect_leaks=0";
  char* const variables[] = {sanitizer.data(), nullptr};
  char* const arguments[] = {program.data(), way.data(), others.data(), nullptr};
  pid_t child = 0;
  ASSERT_EQ(posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, variables), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "signal " << (WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, Exit,
    testing::Combine(testing::Values("threads", "elsewhere", "itself", "joined", "fork"),
                     testing::Values("others", "alone")),
    [](const auto& given) { return std::get<0>(given.param) + "_" + std::get<1>(given.param); });

}  // namespace
}  // namespace signedvfs
