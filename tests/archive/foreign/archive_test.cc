#include "archive/foreign/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "archive/format_sniffer.h"
#include "support/failing_source.h"
#include "support/foreign_builder.h"

namespace signedvfs {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<ForeignEntry> kApp{{"app/", "", 040755},
                                     {"app/__init__.py", "import os\n"},
                                     {"app/data.txt", std::string(100'000, 'x')},
                                     {"empty.py", ""}};

constexpr std::string_view kEncryptedContent =
    "377abcaf271c0004e7c4969a10000000000000004c00000000000000120d030338f7e02a71e698f11024"
    "8d8322d8d5930104060001091000070b0100022406f1070112530fc0942d606c8037e8686e74765b1d39"
    "112121010001000c0d0900080a01f56e863c00000501190100110b006d002e007000790000000000";
constexpr std::string_view kEncryptedNames =
    "377abcaf271c0004c0cf046770000000000000002e00000000000000787d9fb38c4c163bf33c22529b18"
    "ab6721024d32ba2863a36c6042845e384ef4be0ec7cdee467c4d039fee8e8adc58da4a0d0d1c84391120"
    "609732c3cfb14f6f7f1032d6081ea4e5beb912408c684a0b9a02f9b2838f29ae12dffac607d0c186e4c5"
    "9ec0ff265e4432273de51415744812c0c11e17061001096000070b0100012406f1070112530fa9f60278"
    "65839de393132af24d8578260c560a0125c169de0000";

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

struct Packing {
  const char* format;
  const char* filter;
};

void PrintTo(const Packing& kind, std::ostream* out) { *out << kind.format << '.' << kind.filter; }

// open reads an archive out of memory, as the container's dispatch would.
Result<std::unique_ptr<const Container>> open(std::unique_ptr<const ByteSource> source,
                                              const Limits& limits = {}) {
  auto sniffed = sniff(*source);
  if (!sniffed.ok()) return std::move(sniffed).status();
  const auto kind =
      sniffed->format == Format::kSevenZip ? ForeignKind::kSevenZip : ForeignKind::kStream;
  return open_foreign(std::move(source), kind, "app.archive", limits);
}

Result<std::unique_ptr<const Container>> open(const std::string& bytes, const Limits& limits = {}) {
  return open(std::make_unique<MemorySource>(bytes), limits);
}

Errc refusal(const std::string& bytes, const Limits& limits = {}) {
  return open(bytes, limits).code();
}

Errc refusal_of(const ForeignEntry& entry, const std::string& format = "pax") {
  return refusal(build_foreign(format, "", {{"first.py", "1"}, entry}));
}

class EveryFormat : public testing::TestWithParam<Packing> {
 protected:
  static std::string build(const std::vector<ForeignEntry>& entries = kApp) {
    return build_foreign(GetParam().format, GetParam().filter, entries);
  }
};

TEST_P(EveryFormat, GivesBackEveryMember) {
  const auto opened = open(build());
  ASSERT_TRUE(opened.ok()) << opened.status().what();
  const Container& container = *opened.value();
  EXPECT_EQ(container.member_count(), 3U);
  EXPECT_THAT(container.names().value(),
              ElementsAre("app/__init__.py", "app/data.txt", "empty.py"));
  const auto content = container.read("app/data.txt");
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(text_of(content->bytes()), kApp[2].content);
  EXPECT_EQ(container.size_of("app/__init__.py"), 10U);
  EXPECT_EQ(container.size_of("app"), std::nullopt);
  EXPECT_EQ(container.read("app/other.py").code(), Errc::kNotFound);
  EXPECT_EQ(container.read("empty.py")->size(), 0U);
}

TEST_P(EveryFormat, RefusesEveryTruncation) {
  const std::string whole = build({{"a.py", "import os\n"}, {"b.py", "import sys\n"}});
  ASSERT_TRUE(open(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(open(whole.substr(0, size)).ok()) << size << " of " << whole.size();
  }
}

// A10, A19: several archives in one file, trailing garbage
TEST_P(EveryFormat, RefusesAnythingBehindItsEnd) {
  const std::string whole = build();
  for (const std::string& behind : {std::string("x"), std::string(200'000, 'x'),
                                    std::string(20'000, '\0') + "x", std::string("\x1f\x8b\x08")}) {
    // xz and zstd take it for a damaged next frame.
    EXPECT_THAT(refusal(whole + behind), AnyOf(Errc::kTrailingBytes, Errc::kForeignFormat));
  }
  EXPECT_EQ(refusal(whole + whole), Errc::kTrailingBytes);
}

TEST_P(EveryFormat, SurvivesEveryFlippedByte) {
  const std::string whole = build({{"a.py", "import os\n"}});
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x41);
    const auto opened = open(flipped);
    if (!opened.ok()) continue;
    for (const std::string& name : opened.value()->names().value()) {
      EXPECT_TRUE(opened.value()->read(name).ok());
    }
  }
}

// F7: I/O errors
TEST_P(EveryFormat, PassesOnEveryFailedAccess) {
  const std::string whole = build();
  std::size_t access = 0;
  for (;; ++access) {
    const auto opened = open(std::make_unique<FailingSource>(whole, access));
    if (opened.ok()) break;
    EXPECT_EQ(opened.code(), Errc::kIo) << opened.status().what();
  }
  EXPECT_GE(access, 3U);  // the sniffer's two, and the decoder's
}

// E1: what is decoded is decoded once, whatever the file becomes afterwards
TEST_P(EveryFormat, GivesBackOnlyWhatItDecoded) {
  const std::string before = build({{"a.py", "good"}});
  const std::string after = build({{"a.py", "evil"}});
  for (std::size_t access = 0; access < 8; ++access) {
    const auto opened = open(std::make_unique<ChangingSource>(before, after, access));
    if (!opened.ok()) continue;
    const Buffer first = opened.value()->read("a.py").value();
    const Buffer second = opened.value()->read("a.py").value();
    EXPECT_EQ(text_of(first.bytes()), text_of(second.bytes()));
  }
}

INSTANTIATE_TEST_SUITE_P(Foreign, EveryFormat,
                         testing::Values(Packing{"pax", ""}, Packing{"gnutar", ""},
                                         Packing{"ustar", ""}, Packing{"v7tar", ""},
                                         Packing{"pax", "gzip"}, Packing{"pax", "bzip2"},
                                         Packing{"pax", "xz"}, Packing{"pax", "zstd"},
                                         Packing{"newc", ""}, Packing{"odc", ""},
                                         Packing{"newc", "gzip"}, Packing{"7zip", ""}));

// B8: symlink, FIFO, device, set-id modes
TEST(Foreign, RefusesLinksSpecialFilesAndSetId) {
  for (const char* format : {"pax", "gnutar", "newc"}) {
    EXPECT_EQ(refusal_of({"link.py", "", 0120777, "/etc/passwd"}, format), Errc::kBadMode);
    EXPECT_EQ(refusal_of({"fifo.py", "", 0010644}, format), Errc::kBadMode);
    EXPECT_EQ(refusal_of({"null", "", 0020666}, format), Errc::kBadMode);
    EXPECT_EQ(refusal_of({"disk", "", 0060666}, format), Errc::kBadMode);
    EXPECT_EQ(refusal_of({"tool", "x", 0104755}, format), Errc::kBadMode);
    EXPECT_EQ(refusal_of({"tool", "x", 0102755}, format), Errc::kBadMode);
  }
  EXPECT_EQ(refusal_of({"hard.py", "", 0100644, "", "first.py"}), Errc::kBadMode);
  EXPECT_EQ(refusal_of({"link.py", "", 0120777, "first.py"}, "7zip"), Errc::kBadMode);
}

// B1, B2, B4, B6, B7, B10: names that are not what they seem
TEST(Foreign, RefusesBadNames) {
  for (const char* name :
       {"/abs.py", "../up.py", "a/../b.py", "a//b.py", "a/./b.py", "././a.py", "a\\b.py", "c:a.py",
        "a\nb.py", "a\x1b[2J.py", "dot./a.py", "space .py ", "\xff\xfe.py", "\xc0\xaf.py",
        "e\xcc\x81.py", "zero\xe2\x80\x8bwidth.py"}) {
    EXPECT_EQ(refusal_of({name, "x"}, "gnutar"), Errc::kBadName) << name;
  }
  EXPECT_EQ(refusal_of({std::string(1025, 'a'), "x"}), Errc::kBadName);
}

TEST(Foreign, SaysABadNameWithoutObeyingIt) {
  const auto opened = open(build_foreign("gnutar", "", {{"a\x1b[2J.py", "x"}}));
  EXPECT_THAT(opened.status().what(), HasSubstr("'a\\x1b[2J.py'"));
}

TEST(Foreign, StripsTheDotThatTarPutsInFront) {
  const auto opened = open(build_foreign(
      "gnutar", "gzip",
      {{"./", "", 040755}, {"./app/", "", 040755}, {"./app/m.py", "x"}, {"./n.py", "y"}}));
  ASSERT_TRUE(opened.ok()) << opened.status().what();
  EXPECT_THAT(opened.value()->names().value(), ElementsAre("app/m.py", "n.py"));
}

// B7: what an archive holds must not depend on the environment
TEST(Foreign, ReadsNamesWhateverTheLocale) {
  ASSERT_STREQ(std::setlocale(LC_CTYPE, nullptr), "C");
  for (const char* format : {"pax", "gnutar", "newc", "7zip"}) {
    const auto opened = open(build_foreign(format, "", {{"caf\xc3\xa9.txt", "x"}}));
    ASSERT_TRUE(opened.ok()) << format << opened.status().what();
    EXPECT_THAT(opened.value()->names().value(), ElementsAre("caf\xc3\xa9.txt"));
  }
  EXPECT_STREQ(std::setlocale(LC_CTYPE, nullptr), "C");
}

// A1, B5: duplicate names, also in disguise
TEST(Foreign, RefusesDuplicateNames) {
  EXPECT_EQ(refusal_of({"first.py", "2"}), Errc::kDuplicateName);
  EXPECT_EQ(refusal_of({"FIRST.py", "2"}), Errc::kDuplicateName);
  EXPECT_EQ(refusal_of({"./first.py", "2"}), Errc::kDuplicateName);
  EXPECT_EQ(refusal_of({"first.py", "2"}, "newc"), Errc::kDuplicateName);
  EXPECT_EQ(refusal_of({"first.py", "2"}, "7zip"), Errc::kDuplicateName);
}

// B9: a file that is a directory as well
TEST(Foreign, RefusesFileThatIsADirectory) {
  EXPECT_EQ(refusal_of({"first.py/__init__.py", "2"}), Errc::kFileAndDirectory);
  EXPECT_EQ(refusal_of({"first.py/", "", 040755}), Errc::kFileAndDirectory);
}

TEST(Foreign, RefusesEmptyDirectories) {
  EXPECT_EQ(refusal_of({"nothing/", "", 040755}), Errc::kBadRecord);
}

TEST(Foreign, RefusesHoles) {
  const ForeignEntry sparse{"holes.bin", std::string(1 << 20, 'x'), 0100644, "", "", {0, 4096}};
  EXPECT_EQ(refusal_of(sparse), Errc::kUnsupported);
}

// A16: encryption, of the content (made by 7-Zip 16.02 with a password) and of the names as well
TEST(Foreign, RefusesEncryption) {
  EXPECT_EQ(refusal(from_hex(kEncryptedContent)), Errc::kBadFlags);
  EXPECT_EQ(refusal(from_hex(kEncryptedNames)), Errc::kBadFlags);
}

TEST(Foreign, RefusesCompressionThatHidesNoArchive) {
  for (const char* filter : {"gzip", "bzip2", "xz", "zstd"}) {
    EXPECT_EQ(refusal(compress_foreign(filter, "just text\n")), Errc::kForeignFormat);
    EXPECT_EQ(refusal(compress_foreign(filter, "")), Errc::kForeignFormat);
    EXPECT_EQ(refusal(compress_foreign(filter, build_foreign("7zip", "", kApp))),
              Errc::kForeignFormat);
  }
}

TEST(Foreign, RefusesCompressionWithinCompression) {
  EXPECT_EQ(refusal(compress_foreign("gzip", build_foreign("pax", "xz", kApp))),
            Errc::kForeignFormat);
}

TEST(Foreign, RefusesTarWithoutItsEnd) {
  const std::string whole = build_foreign("ustar", "", {{"a.py", "1"}, {"b.py", "2"}});
  const auto opened = open(whole.substr(0, 1024));  // one member, and nothing looks broken
  EXPECT_EQ(opened.code(), Errc::kForeignFormat);
  EXPECT_THAT(opened.status().what(), HasSubstr("cut off"));
  EXPECT_EQ(refusal(whole.substr(0, whole.size() - 512)), Errc::kForeignFormat);
  EXPECT_TRUE(open(whole + std::string(10'240, '\0')).ok());  // tar pads to its block size
}

// F4: bombs
TEST(Foreign, StopsWhereALimitIsReached) {
  const std::string archive = build_foreign("pax", "gzip", kApp);
  Limits limits;
  limits.member_bytes = 99'999;
  EXPECT_EQ(refusal(archive, limits), Errc::kTooLarge);
  limits = {};
  limits.total_bytes = 100'009;
  EXPECT_EQ(refusal(archive, limits), Errc::kTooLarge);
  limits.total_bytes = 100'010;
  EXPECT_EQ(refusal(archive, limits), Errc::kOk);
  limits = {};
  limits.members = 3;
  EXPECT_EQ(refusal(archive, limits), Errc::kTooLarge);
  limits = {};
  limits.name_bytes = 14;
  EXPECT_EQ(refusal(archive, limits), Errc::kBadName);
  limits = {};
  limits.ratio = 10;
  EXPECT_EQ(refusal(archive, limits), Errc::kTooLarge);
  limits.ratio = 0;  // no such limit
  EXPECT_EQ(refusal(archive, limits), Errc::kOk);
}

// F4: bombs that hide in front of, between or behind members
TEST(Foreign, StopsBombsThatAreNoMembers) {
  const std::string tar = build_foreign("ustar", "", {{"a.py", "1"}});
  const std::string padded = tar + std::string(std::size_t{8} << 20U, '\0');
  for (const char* filter : {"bzip2", "xz", "zstd"}) {
    EXPECT_EQ(refusal(compress_foreign(filter, padded)), Errc::kTooLarge) << filter;
  }
  const std::string member =
      build_foreign("7zip", "", {{"zeros.bin", std::string(std::size_t{8} << 20U, '\0')}});
  EXPECT_EQ(refusal(member), Errc::kTooLarge);
}

}  // namespace
}  // namespace signedvfs
