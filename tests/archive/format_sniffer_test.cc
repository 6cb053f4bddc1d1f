#include "archive/format_sniffer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/failing_source.h"
#include "support/foreign_builder.h"

namespace signedvfs {
namespace {

Format sniffed(const std::string& bytes) { return sniff(MemorySource(bytes)).value().format; }

const std::string kZipEnd = std::string("PK\x05\x06", 4) + std::string(18, '\0');

TEST(FormatSniffer, KnowsWhatIsRead) {
  for (const char* format : {"pax", "gnutar", "ustar", "v7tar", "newc", "odc", "bin"}) {
    EXPECT_EQ(sniffed(build_foreign(format, "", {{"a.py", "1"}})), Format::kStream) << format;
  }
  for (const char* filter : {"gzip", "bzip2", "xz", "zstd"}) {
    EXPECT_EQ(sniffed(compress_foreign(filter, "x")), Format::kStream) << filter;
  }
  EXPECT_EQ(sniffed(std::string("\x5f\x2a\x4d\x18\0\0\0\0", 8)), Format::kStream);
  EXPECT_EQ(sniffed(build_foreign("7zip", "", {{"a.py", "1"}})), Format::kSevenZip);
}

TEST(FormatSniffer, KnowsWhatOthersRead) {
  for (const char* format : {"ar", "xar", "iso9660"}) {
    EXPECT_EQ(sniffed(build_foreign(format, "", {{"a.py", "1"}})), Format::kOther) << format;
  }
  for (const char* filter : {"compress", "lzip", "lz4"}) {
    EXPECT_EQ(sniffed(compress_foreign(filter, "xxxxxxxx")), Format::kOther) << filter;
  }
}

TEST(FormatSniffer, LeavesOrdinaryFilesAlone) {
  EXPECT_EQ(sniffed(""), Format::kNone);
  EXPECT_EQ(sniffed("P"), Format::kNone);
  EXPECT_EQ(sniffed("import os\n"), Format::kNone);
  EXPECT_EQ(sniffed(std::string(100'000, '\0')), Format::kNone);
  EXPECT_EQ(sniffed("\x7f"
                    "ELF" +
                    std::string(100'000, '\1')),
            Format::kNone);
  EXPECT_EQ(sniffed(std::string(600, ' ')), Format::kNone);
}

TEST(FormatSniffer, CallsZipWhateverEndsLikeZip) {
  EXPECT_EQ(sniffed(kZipEnd), Format::kZip);
  EXPECT_EQ(sniffed("text" + kZipEnd), Format::kZip);
  EXPECT_EQ(sniffed(build_foreign("ustar", "", {{"a.py", "1"}}) + kZipEnd), Format::kZip);
  EXPECT_EQ(sniffed(compress_foreign("gzip", "x") + kZipEnd + "trailing"), Format::kZip);
  EXPECT_EQ(sniffed(std::string("PK\x03\x04", 4) + "cut off"), Format::kZip);
}

// A10: zipimport looks behind a comment of 65,535 bytes, and Python 3.13 reads 76 bytes more
TEST(FormatSniffer, LooksForZipAsFarBackAsZipimport) {
  const std::string text(200'000, 'x');
  EXPECT_EQ(sniffed(text + kZipEnd + std::string(65'535, 'c')), Format::kZip);
  EXPECT_EQ(sniffed(text + kZipEnd + std::string(65'535 + 76, 'c')), Format::kZip);
  EXPECT_EQ(sniffed(text + kZipEnd + std::string(65'535 + 77, 'c')), Format::kNone);
}

TEST(FormatSniffer, FailsWhereTheFileDoes) {
  EXPECT_EQ(sniff(FailingSource("text", 0)).code(), Errc::kIo);
  EXPECT_EQ(sniff(FailingSource("text", 1, Errc::kShrunk)).code(), Errc::kShrunk);
}

}  // namespace
}  // namespace signedvfs
