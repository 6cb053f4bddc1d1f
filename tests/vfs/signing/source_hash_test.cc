#include "vfs/signing/source_hash.h"

#include <gtest/gtest.h>

#include "tests/support/signing.h"

namespace signedvfs {
namespace {

std::uint32_t magic(std::uint32_t number) { return number | 0x0a0dU << 16U; }

std::string hex(std::uint32_t number, const std::string& source) {
  const auto hash = expect(source_hash(magic(number), bytes_of(source)));
  if (!hash) return "";
  std::string out;
  for (const std::byte byte : *hash) {
    for (const unsigned digit :
         {std::to_integer<unsigned>(byte) >> 4U, std::to_integer<unsigned>(byte) & 15U}) {
      out += "0123456789abcdef"[digit];
    }
  }
  return out;
}

// What importlib.util.source_hash of these Pythons gives.
TEST(SourceHash, IsWhatEachPythonMakes) {
  EXPECT_EQ(hex(3394, ""), "85ee0caabd83b6a7");
  EXPECT_EQ(hex(3394, "x = 1\n"), "20329d810db227ea");
  EXPECT_EQ(hex(3394, std::string(1000, 'a')), "3e0efa3ab4d4e83b");
  EXPECT_EQ(hex(3425, ""), "ac0bb7c83e5b1c5f");
  EXPECT_EQ(hex(3425, "x = 1\n"), "f1d665a9e50fdffa");
  EXPECT_EQ(hex(3425, std::string(1000, 'a')), "bc222f5b70607b8b");
  EXPECT_EQ(hex(3439, ""), "8cc0cd2525e7fd27");
  EXPECT_EQ(hex(3439, "x = 1\n"), "d94aade28c8cbebf");
  EXPECT_EQ(hex(3439, std::string(1000, 'a')), "6c2841f0af732037");
  EXPECT_EQ(hex(3495, ""), "738d9cd5d5e87f73");
  EXPECT_EQ(hex(3495, "x = 1\n"), "4c0372aa93f75252");
  EXPECT_EQ(hex(3495, std::string(1000, 'a')), "02e07c16842bd728");
  EXPECT_EQ(hex(3531, ""), "baf18eedc9387a25");
  EXPECT_EQ(hex(3531, "x = 1\n"), "1522561917f5df08");
  EXPECT_EQ(hex(3531, std::string(1000, 'a')), "6a48630f4522585f");
  EXPECT_EQ(hex(3571, ""), "27ec6d312f93b814");
  EXPECT_EQ(hex(3571, "x = 1\n"), "e786e2893651120e");
  EXPECT_EQ(hex(3571, std::string(1000, 'a')), "c07bbb4075a78a26");
}

TEST(SourceHash, IsNothingWhereThePythonIsNotKnown) {
  for (const std::uint32_t number : {0U, 240U, 3379U, 3391U, 3440U, 3494U}) {
    EXPECT_EQ(hex(number, "x = 1\n"), "") << number;
  }
  for (const std::uint32_t value : {0U, 3495U, 0x0d0a0da7U, 0xffffffffU}) {
    EXPECT_FALSE(expect(source_hash(value, {}))) << value;
  }
}

}  // namespace
}  // namespace signedvfs
