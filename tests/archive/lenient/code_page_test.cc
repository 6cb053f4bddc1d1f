#include "archive/lenient/code_page.h"

#include <gtest/gtest.h>

#include <set>

#include "archive/members/names.h"

namespace signedvfs {
namespace {

TEST(CodePage, LeavesAsciiAsItIs) { EXPECT_EQ(utf8_of_cp437("pkg/m.py"), "pkg/m.py"); }

TEST(CodePage, DecodesByTheTable) {
  EXPECT_EQ(utf8_of_cp437("\x80\x82\xe1"), "\u00c7\u00e9\u00df");
  EXPECT_EQ(utf8_of_cp437("\xb0\xc9\xdb\x9e\xfe\xff"), "\u2591\u2554\u2588\u20a7\u25a0\u00a0");
}

TEST(CodePage, GivesEveryByteAnotherValidName) {
  std::set<std::string> seen;
  for (int byte = 0x80; byte < 0x100; ++byte) {
    const std::string name = "a" + utf8_of_cp437(std::string(1, static_cast<char>(byte))) + "b";
    EXPECT_TRUE(check_member_name(name, {}).ok()) << byte;
    EXPECT_TRUE(seen.insert(name).second) << byte;
  }
}

}  // namespace
}  // namespace signedvfs
