#include "archive/os/executable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace signedvfs {
namespace {

TEST(ExecutableSearch, IsWhatTheProgramSaysOfItself) {
  // tests/archive/CMakeLists.txt has the linker write this into it.
  EXPECT_THAT(executable_search().paths, testing::HasSubstr("/no/such/place:$ORIGIN/beside"));
  EXPECT_FALSE(executable_search().is_for_all);
}

TEST(ExecutableSearch, BeginsWhereTheFileIs) {
  const auto program = std::filesystem::canonical("/proc/self/exe");
  EXPECT_EQ(executable_search().origin, program.parent_path());
}

TEST(ExecutableSearch, DoesNotDependOnTheCurrentDirectory) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path("/");
  EXPECT_EQ(executable_search().origin, std::filesystem::canonical("/proc/self/exe").parent_path());
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace signedvfs
