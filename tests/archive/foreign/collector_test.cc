#include "archive/foreign/collector.h"

#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include "support/failing_source.h"

namespace signedvfs {
namespace {

// The decoders below stand for a libarchive that has been taken over, or has a bug.

int give(const SignedvfsForeignHost* host, std::string_view name, std::uint64_t size,
         std::uint32_t mode = 0100644) {
  const SignedvfsForeignEntry entry{name.data(), name.size(), size, mode, 0};
  return host->entry(host->context, &entry);
}

int give_data(const SignedvfsForeignHost* host, std::string_view data) {
  return host->data(host->context, data.data(), data.size());
}

Result<std::vector<ForeignMember>> collect(SignedvfsForeignDecode& decode,
                                           const Limits& limits = {}) {
  const MemorySource source(std::string(1000, 'x'));
  return ForeignCollector(source, limits).collect(decode, false);
}

TEST(ForeignCollector, SortsMembersByTheBytesOfTheirNames) {
  const auto members = collect(*+[](const SignedvfsForeignHost* host, char*, std::size_t) {
    give(host, "b", 2);
    give_data(host, "x");
    give_data(host, "y");
    give(host, "B.py", 0);
    give(host, "a", 1);
    return give_data(host, "z");
  });
  ASSERT_TRUE(members.ok());
  ASSERT_EQ(members.value().size(), 3U);
  EXPECT_EQ(members.value()[0].name, "B.py");
  EXPECT_EQ(members.value()[1].name, "a");
  EXPECT_EQ(text_of(members.value()[2].content.bytes()), "xy");
}

TEST(ForeignCollector, RefusesMoreContentThanDeclared) {
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost* host, char*, std::size_t) {
              give(host, "a.py", 3);
              return give_data(host, "long") != 0 ? kSignedvfsForeignStopped : 0;
            }).code(),
            Errc::kCorruptMember);
}

TEST(ForeignCollector, RefusesContentOfNoMember) {
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost* host, char*, std::size_t) {
              return give_data(host, "x") != 0 ? kSignedvfsForeignStopped : 0;
            }).code(),
            Errc::kCorruptMember);
}

TEST(ForeignCollector, RefusesLessContentThanDeclared) {
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost* host, char*, std::size_t) {
              give(host, "a.py", 3);
              give_data(host, "ab");
              return give(host, "b.py", 0) != 0 ? kSignedvfsForeignStopped : 0;
            }).code(),
            Errc::kCorruptMember);
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost* host, char*, std::size_t) {
              give(host, "a.py", 3);
              return give_data(host, "ab");
            }).code(),
            Errc::kCorruptMember);
}

TEST(ForeignCollector, RefusesDirectoryWithContent) {
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost* host, char*, std::size_t) {
              return give(host, "a", 3, 040755);
            }).code(),
            Errc::kForeignFormat);
}

// B3: NUL in a name
TEST(ForeignCollector, RefusesNulInAName) {
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost* host, char*, std::size_t) {
              return give(host, std::string_view("good.py\0evil", 12), 0);
            }).code(),
            Errc::kBadName);
}

TEST(ForeignCollector, AddsSizesWithoutWrappingAround) {
  Limits limits;
  limits.member_bytes = UINT64_MAX;
  limits.total_bytes = 10;
  EXPECT_EQ(collect(
                *+[](const SignedvfsForeignHost* host, char*, std::size_t) {
                  give(host, "a", 1);
                  give_data(host, "x");
                  return give(host, "b", UINT64_MAX);
                },
                limits)
                .code(),
            Errc::kTooLarge);
}

TEST(ForeignCollector, KeepsTheFirstFailureWhateverTheDecoderDoesNext) {
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost* host, char*, std::size_t) {
              give(host, "../a", 0);
              give(host, "b", 0);
              return static_cast<int>(kSignedvfsForeignDone);
            }).code(),
            Errc::kBadName);
}

// F6: no memory
TEST(ForeignCollector, PassesExceptionsRoundTheDecoder) {
  class Exhausted final : public MemorySource {
   public:
    using MemorySource::MemorySource;
    Status copy_out(std::uint64_t, std::span<std::byte>) const override { throw std::bad_alloc(); }
  };
  const Exhausted source(std::string(1000, 'x'));
  EXPECT_THROW((void)ForeignCollector(source, {})
                   .collect(
                       *+[](const SignedvfsForeignHost* host, char*, std::size_t) {
                         char byte = 0;
                         return host->read(host->context, 0, &byte, 1);
                       },
                       false),
               std::bad_alloc);
}

TEST(ForeignCollector, TranslatesEveryOutcome) {
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost*, char* why, std::size_t) {
              std::strcpy(why, "bad \x1b checksum");
              return static_cast<int>(kSignedvfsForeignMalformed);
            })
                .status()
                .what(),
            "libarchive says 'bad \\x1b checksum'");
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost*, char*, std::size_t) {
              return static_cast<int>(kSignedvfsForeignTruncated);
            }).code(),
            Errc::kForeignFormat);
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost*, char*, std::size_t) {
              return static_cast<int>(kSignedvfsForeignTrailing);
            }).code(),
            Errc::kTrailingBytes);
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost*, char*, std::size_t) {
              return static_cast<int>(kSignedvfsForeignEncryptedArchive);
            }).code(),
            Errc::kBadFlags);
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost*, char*, std::size_t) {
              return static_cast<int>(kSignedvfsForeignNoMemory);
            }).code(),
            Errc::kIo);
  EXPECT_EQ(collect(*+[](const SignedvfsForeignHost*, char*, std::size_t) { return 99; }).code(),
            Errc::kForeignFormat);
}

}  // namespace
}  // namespace signedvfs
