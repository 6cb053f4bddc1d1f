#include "archive/members/names.h"

#include <gtest/gtest.h>

#include <string>

namespace signedvfs {
namespace {

bool accepted(std::string_view name) { return check_member_name(name, Limits{}).ok(); }

void expect_refused(std::string_view name) {
  const Status status = check_member_name(name, Limits{});
  EXPECT_EQ(status.code(), Errc::kBadName) << in_quotes(name);
}

TEST(MemberName, AcceptsWhatPackagesUse) {
  for (const char* name : {"a", "os.pyc", "pkg/__init__.py", ".hidden/x", "a b/c d", "..a/...b",
                           "x-1.0.dist-info/RECORD", "!#$%&'()+,;=@[]^_`{}~",
                           "caf\xc3\xa9/\xe6\x97\xa5\xe6\x9c\xac.txt", "\xf0\x9f\x90\x8d.py"}) {
    EXPECT_TRUE(accepted(name)) << name;
  }
}

// B1: names that lead elsewhere, or could be written in two ways
TEST(MemberName, RefusesPathsThatAreNotPlain) {
  for (const char* name : {"", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/.", "a/..",
                           "a/./b", "a/../b", "//server/share", "C:/a", "C:a"}) {
    expect_refused(name);
  }
}

// B2: the other separator
TEST(MemberName, RefusesBackslashes) {
  for (const char* name : {"a\\b", "\\a", "..\\a", "\\\\server\\share"}) expect_refused(name);
}

// B3: names that end earlier for C
TEST(MemberName, RefusesNul) {
  expect_refused(std::string_view("good.py\0.txt", 12));
  expect_refused(std::string_view("\0", 1));
}

// B4: names that forge lines of a manifest or of a terminal
TEST(MemberName, RefusesControlCharactersAndSeparators) {
  for (int byte = 0; byte < 0x20; ++byte) expect_refused(std::string("a") + char(byte) + "b");
  for (const char* name : {"a\x7f"
                           "b",
                           "a\xc2\x85"
                           "b",
                           "a\xe2\x80\xa8"
                           "b",
                           "a\xe2\x80\xa9"
                           "b"}) {
    expect_refused(name);
  }
}

// B6: what is not seen, or not one way of writing it
TEST(MemberName, RefusesWhatIsNotSeen) {
  for (const char* name : {
           "a\xe2\x80\x8d"
           "b",  // Cf: zero width joiner
           "a\xe2\x80\xae"
           "yp.b",  // Cf: right-to-left override
           "\xef\xbb\xbf"
           "a",                // Cf: byte order mark
           "a\xee\x80\x80",    // Co: private use
           "a\xef\xbf\xbf",    // Cn: noncharacter
           "a\xcd\xb8",        // Cn: unassigned U+0378
           "cafe\xcc\x81.py",  // not NFC
           "\xe2\x84\xab",     // not NFC: angstrom sign
       }) {
    expect_refused(name);
  }
}

// B6: full-width characters that a folding system takes for structure
TEST(MemberName, RefusesStructureInDisguise) {
  for (const char* name : {
           "a\xef\xbc\x8f"
           "b",  // full-width '/'
           "a\xef\xbc\xbc"
           "b",  // full-width '\'
           "a\xef\xbc\x9a"
           "b",                          // full-width ':'
           "\xe2\x80\xa5/b",             // two dot leader
           "\xef\xbc\x8e\xef\xbc\x8e/b"  // full-width ".."
       }) {
    expect_refused(name);
  }
}

// B7: what is not UTF-8, or not the shortest
TEST(MemberName, RefusesInvalidUtf8) {
  for (const char* name : {"\xff", "a\x80", "caf\xe9", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xc3", "\xe2\x82"}) {
    expect_refused(name);
  }
}

// B10: names that other systems cut, and long ones
TEST(MemberName, RefusesTrailingDotsSpacesStreamsAndLength) {
  for (const char* name : {"a.", "a ", "a./b", "a /b", "a...", "a::$DATA", "a\xc2\xa0"}) {
    expect_refused(name);
  }
  EXPECT_TRUE(accepted(std::string(1024, 'a')));
  expect_refused(std::string(1025, 'a'));
  std::string deep = "a";
  for (int i = 0; i < 5000; ++i) deep += "/a";
  expect_refused(deep);
  const Status status = check_member_name(std::string(100'000, '\x1b'), Limits{});
  EXPECT_LT(status.what().size(), 2000U);
}

TEST(DirectoryName, EndsInExactlyOneSlash) {
  EXPECT_TRUE(check_directory_name("pkg/sub/", Limits{}).ok());
  for (const char* name : {"", "/", "pkg", "pkg//", "/pkg/", "../", "pkg/../"}) {
    EXPECT_EQ(check_directory_name(name, Limits{}).code(), Errc::kBadName) << name;
  }
}

// B5, B6: the names that some system takes for one file
TEST(FoldName, MakesCompatibleNamesEqual) {
  EXPECT_EQ(fold_name("Pkg/README.Md"), "pkg/readme.md");
  EXPECT_EQ(fold_name("STRASSE"), fold_name("stra\xc3\x9f"
                                            "e"));
  EXPECT_EQ(fold_name("\xef\xbd\x87ood"), "good");           // full-width g
  EXPECT_EQ(fold_name("\xc3\x89"), fold_name("e\xcc\x81"));  // composed and decomposed e acute
  EXPECT_EQ(fold_name("\xe2\x84\xaa"), "k");                 // kelvin sign
  EXPECT_EQ(fold_name("a\xef\xb8\x8f"), "a");                // an ignorable variation selector
  EXPECT_NE(fold_name("a"), fold_name("b"));
  EXPECT_EQ(fold_name("\xff"), "\xff");
}

}  // namespace
}  // namespace signedvfs
