#include "archive/members/name_conflicts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace signedvfs {
namespace {

using Names = std::vector<std::string_view>;

Errc outcome(const Names& files, const Names& directories = {}) {
  return check_name_conflicts(files, directories).code();
}

TEST(NameConflicts, AreNoneAmongDifferentNames) {
  EXPECT_EQ(outcome({}), Errc::kOk);
  EXPECT_EQ(outcome({"a", "b", "c/a", "c/b", "d/c/a"}, {"c", "d", "d/c"}), Errc::kOk);
  EXPECT_EQ(outcome({"Pkg/a", "pkg/b"}), Errc::kOk);  // directories that differ in case hold files
}

// A1: the same name twice
TEST(NameConflicts, RefuseEqualNames) {
  EXPECT_EQ(outcome({"a", "b", "a"}), Errc::kDuplicateName);
  EXPECT_EQ(outcome({"a/b"}, {"a", "a"}), Errc::kDuplicateName);
}

// B5: the same name on a system that ignores case; B6: or one that normalises
TEST(NameConflicts, RefuseNamesThatFoldAlike) {
  EXPECT_EQ(outcome({"a/b", "A/b"}), Errc::kDuplicateName);
  EXPECT_EQ(outcome({"good.py", "\xef\xbd\x87ood.py"}), Errc::kDuplicateName);
  EXPECT_EQ(outcome({"a/b", "A/c"}, {"a", "A"}), Errc::kDuplicateName);
}

// B9: a file that is a directory, however far apart and in whatever order
TEST(NameConflicts, RefuseFilesThatAreDirectories) {
  EXPECT_EQ(outcome({"a", "a/b"}), Errc::kFileAndDirectory);
  EXPECT_EQ(outcome({"a/b", "a"}), Errc::kFileAndDirectory);
  EXPECT_EQ(outcome({"a/b/c/d", "x", "a/b/c/e", "A/B"}), Errc::kFileAndDirectory);
  EXPECT_EQ(outcome({"a/b", "a-c", "a"}), Errc::kFileAndDirectory);
  EXPECT_EQ(outcome({"a", "b/c"}, {"b", "a"}), Errc::kFileAndDirectory);
}

TEST(NameConflicts, RefuseDirectoriesWithoutFiles) {
  EXPECT_EQ(outcome({"a/b"}, {"a", "c"}), Errc::kBadRecord);
  EXPECT_EQ(outcome({"ab"}, {"a"}), Errc::kBadRecord);
  EXPECT_EQ(outcome({"a/b"}, {"A"}), Errc::kBadRecord);
}

TEST(NameConflicts, AreReportedWithBothNames) {
  const std::vector<std::string_view> names{"pkg/Mod.py", "pkg/mod.py"};
  EXPECT_EQ(check_name_conflicts(names, {}).what(),
            "'pkg/Mod.py' and 'pkg/mod.py' have the same name, perhaps in disguise");
}

// F5: the cost of checking does not grow with the square
TEST(NameConflicts, AreFoundAmongManyNames) {
  std::vector<std::string> names;
  for (int i = 0; i < 100'000; ++i) {
    names.push_back("d" + std::to_string(i % 1000) + "/f" + std::to_string(i));
  }
  Names views(names.begin(), names.end());
  EXPECT_EQ(outcome(views), Errc::kOk);
  views.emplace_back("D7/F7");
  EXPECT_EQ(outcome(views), Errc::kDuplicateName);
}

}  // namespace
}  // namespace signedvfs
