#include "archive/members/name_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace signedvfs {
namespace {

TEST(NameTable, FindsEveryNameAndNoOther) {
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i) names.push_back("name" + std::to_string(i));
  const auto name_at = [&](std::size_t i) -> std::string_view { return names[i]; };
  NameTable table(names.size());
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(table.insert(names[i], i, name_at), std::nullopt);
  }
  for (std::uint32_t i = 0; i < names.size(); ++i) EXPECT_EQ(table.find(names[i], name_at), i);
  for (int i = 5000; i < 10'000; ++i) {
    EXPECT_EQ(table.find("name" + std::to_string(i), name_at), std::nullopt);
  }
}

TEST(NameTable, ReturnsTheNameThatIsThereAlready) {
  const std::vector<std::string_view> names{"a", "b", "a"};
  const auto name_at = [&](std::size_t i) { return names[i]; };
  NameTable table(3);
  EXPECT_EQ(table.insert("a", 0, name_at), std::nullopt);
  EXPECT_EQ(table.insert("b", 1, name_at), std::nullopt);
  EXPECT_EQ(table.insert("a", 2, name_at), 0U);
}

TEST(NameTable, ComparesBytesNotHashes) {
  // The list says something else than what was inserted: only the list counts.
  std::vector<std::string_view> names{"a"};
  const auto name_at = [&](std::size_t i) { return names[i]; };
  NameTable table(1);
  EXPECT_EQ(table.insert("a", 0, name_at), std::nullopt);
  names[0] = "b";
  EXPECT_EQ(table.find("a", name_at), std::nullopt);
}

TEST(NameTable, IsEmptyWithoutNames) {
  const auto name_at = [](std::size_t) { return std::string_view("a"); };
  EXPECT_EQ(NameTable().find("a", name_at), std::nullopt);
  EXPECT_EQ(NameTable(0).find("a", name_at), std::nullopt);
  NameTable one(1);
  EXPECT_EQ(one.insert("", 0, [](std::size_t) { return std::string_view(); }), std::nullopt);
  EXPECT_EQ(one.find("", [](std::size_t) { return std::string_view(); }), 0U);
}

}  // namespace
}  // namespace signedvfs
