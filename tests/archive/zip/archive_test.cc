#include "archive/zip/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "archive/zip/format.h"
#include "tests/archive/zip_case.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::unique_ptr<const Container>> open_bytes(const std::string& bytes) {
  return open_zip(std::make_unique<MemorySource>(bytes), "app.zip", Limits{});
}

std::string content_of(const Container& container, std::string_view name) {
  const auto content = container.read(name);
  if (!content.ok()) return std::string(signedvfs::name(content.code()));
  return std::string(text_of(content->bytes()));
}

// encoded returns `content` as a raw deflate stream or a zstd frame.
std::string encoded(const std::string& content, Method method = Method::kDeflate) {
  const Packed packed = pack_member(bytes_of(content), method).value();
  return std::string(text_of(packed.bytes.bytes()));
}

TEST(ZipArchive, GivesBackEveryMember) {
  const auto zip = open_bytes(build_zip(ordinary_zip()));
  ASSERT_TRUE(zip.ok()) << zip.status().what();
  const Container& container = **zip;
  EXPECT_EQ(container.path(), "app.zip");
  EXPECT_EQ(container.member_count(), 3U);
  EXPECT_THAT(container.names().value(),
              ElementsAre("pkg/__init__.py", "pkg/data.txt", "pkg/more.txt"));
  EXPECT_EQ(container.size_of("pkg/data.txt"), 1000U);
  EXPECT_EQ(container.size_of("pkg/"), std::nullopt);
  EXPECT_EQ(content_of(container, "pkg/__init__.py"), "import os\n");
  EXPECT_EQ(content_of(container, "pkg/data.txt"), std::string(1000, 'd'));
  EXPECT_EQ(content_of(container, "pkg/more.txt"), std::string(1000, 'z'));
  EXPECT_EQ(content_of(container, "pkg/"), "NotFound");
  EXPECT_EQ(content_of(container, "pkg/other.txt"), "NotFound");
}

TEST(ZipArchive, SortsNamesByBytes) {
  ZipPlan plan;
  plan.entries = {{"b"}, {"a/b"}, {"Z"}, {"caf\xc3\xa9"}, {"a-b"}};
  EXPECT_THAT((*open_bytes(build_zip(plan)))->names().value(),
              ElementsAre("Z", "a-b", "a/b", "b", "caf\xc3\xa9"));
}

TEST(ZipArchive, GivesMembersAsTheyAreStored) {
  const auto zip = open_bytes(build_zip(ordinary_zip()));
  for (const char* name : {"pkg/__init__.py", "pkg/data.txt", "pkg/more.txt"}) {
    const auto member = (*zip)->read_packed(name);
    ASSERT_TRUE(member.ok()) << member.status().what();
    const Packed* const packed = &member->packed;
    Buffer content(static_cast<std::size_t>(packed->size));
    const Status unpacked =
        unpack_into(packed->method, packed->bytes.bytes(), packed->crc32, content.bytes());
    EXPECT_TRUE(unpacked.ok()) << unpacked.what();
    EXPECT_EQ(text_of(content.bytes()), content_of(**zip, name));
    EXPECT_EQ(text_of(member->content()), content_of(**zip, name));
  }
}

// A18: the bytes in front are given out for hashing, and nothing else happens to them
TEST(ZipArchive, GivesThePrefix) {
  ZipPlan plan = ordinary_zip();
  plan.prefix = "#!/usr/bin/env python3\n" + std::string(3 << 20U, '#');
  const auto zip = open_bytes(build_zip(plan));
  EXPECT_EQ((*zip)->prefix_bytes(), plan.prefix.size());
  std::string read;
  const Status status = (*zip)->read_prefix([&](std::span<const std::byte> piece) {
    read += text_of(piece);
    return Status();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(read, plan.prefix);
  EXPECT_EQ((*zip)->read_prefix([](auto) { return Status(Errc::kIo, "full"); }).code(), Errc::kIo);
}

// Content that is not what both headers agree on is refused when it is read.
class ZipContentRefused : public testing::TestWithParam<ZipCase> {};

TEST_P(ZipContentRefused, WhenRead) {
  ZipPlan plan = ordinary_zip();
  GetParam().change(plan);
  const auto zip = open_bytes(build_zip(plan));
  ASSERT_TRUE(zip.ok()) << zip.status().what();
  const std::string& name = plan.entries[2].name;
  const auto content = (*zip)->read(name);
  EXPECT_EQ(content.code(), GetParam().code);
  EXPECT_THAT(content.status().what(), HasSubstr("app.zip: 'pkg/data.txt': "));
  EXPECT_EQ((*zip)->read_packed(name).code(), GetParam().code);
  EXPECT_EQ(content_of(**zip, "pkg/__init__.py"), "import os\n");
}

INSTANTIATE_TEST_SUITE_P(
    Hostile, ZipContentRefused,
    testing::Values(
        // A5: a stream that is longer than the size that is stated, with the prefix's checksum
        ZipCase{"LongerThanItsSize", Errc::kCorruptMember,
                [](ZipPlan& p) { p.entries[2].stored = encoded(p.entries[2].content + "evil()"); }},
        ZipCase{"ShorterThanItsSize", Errc::kCorruptMember,
                [](ZipPlan& p) { p.entries[2].stored = encoded(std::string(999, 'd')); }},
        ZipCase{"ZstdLongerThanItsSize", Errc::kCorruptMember,
                [](ZipPlan& p) {
                  p.entries[2].method = Method::kZstd;
                  p.entries[2].stored = encoded(p.entries[2].content + "evil()", Method::kZstd);
                }},
        // A6: something behind the stream
        ZipCase{"TrailingBytes", Errc::kCorruptMember,
                [](ZipPlan& p) { p.entries[2].stored = encoded(p.entries[2].content) + "x"; }},
        ZipCase{"TwoStreams", Errc::kCorruptMember,
                [](ZipPlan& p) {
                  p.entries[2].stored =
                      encoded(p.entries[2].content) + encoded("evil(); evil(); evil(); evil()");
                }},
        ZipCase{"CutOff", Errc::kCorruptMember,
                [](ZipPlan& p) {
                  p.entries[2].stored = encoded(p.entries[2].content);
                  p.entries[2].stored->pop_back();
                }},
        ZipCase{"NoStreamAtAll", Errc::kCorruptMember,
                [](ZipPlan& p) { p.entries[2].stored = "not deflate \xff\xff\xff\xff"; }},
        // A20: a wrong checksum, agreed on by both headers
        ZipCase{"Checksum", Errc::kCorruptMember, [](ZipPlan& p) { p.entries[2].both.crc32 = 1U; }},
        ZipCase{"ChecksumOfStoredContent", Errc::kCorruptMember,
                [](ZipPlan& p) {
                  p.entries[2].method = Method::kStored;
                  p.entries[2].both.crc32 = 1U;
                }},
        // F4: a stream that inflates to less than was allocated for it
        ZipCase{"SizeInflatedWithinTheRatio", Errc::kCorruptMember,
                [](ZipPlan& p) { p.entries[2].both.size = 10'000U; }}),
    ZipCaseName());

// A22: times, modes and order choose nothing: archives that differ in them read the same
TEST(ZipArchive, DoesNotDependOnTimesModesOrOrder) {
  ZipPlan plan = ordinary_zip();
  plan.entries[1].both.time = 0x58e1a2b3U;
  plan.entries[2].central.attributes = 0100400U << kZipModeShift | 0x21U;
  std::swap(plan.entries[1], plan.entries[3]);
  const auto one = open_bytes(build_zip(ordinary_zip()));
  const auto other = open_bytes(build_zip(plan));
  ASSERT_TRUE(other.ok()) << other.status().what();
  EXPECT_EQ((*one)->names().value(), (*other)->names().value());
  const std::vector<std::string> names = (*one)->names().value();
  for (const std::string& name : names) {
    EXPECT_EQ(content_of(**one, name), content_of(**other, name));
  }
}

// F7: whichever access fails, the failure is reported and is never "no such member"
TEST(ZipArchive, ReportsEveryFailedAccess) {
  const std::string bytes = build_zip(ordinary_zip());
  bool failed = true;
  for (std::size_t n = 0; failed; ++n) {
    failed = false;
    auto source = std::make_unique<FailingSource>(bytes, n);
    const FailingSource& counter = *source;
    const auto zip = open_zip(std::move(source), "app.zip", Limits{});
    if (!zip.ok()) {
      EXPECT_EQ(zip.code(), Errc::kIo);
      EXPECT_THAT(zip.status().what(), HasSubstr("app.zip: "));
      failed = true;
      continue;
    }
    for (const char* name : {"pkg/__init__.py", "pkg/data.txt", "pkg/more.txt"}) {
      const auto content = (*zip)->read(name);
      if (content.ok()) continue;
      EXPECT_EQ(content.code(), Errc::kIo);
      failed = true;
    }
    EXPECT_EQ(failed, n < counter.accesses());
  }
}

// E1: the stored bytes of a member are read once, by one access
TEST(ZipArchive, ReadsAMemberByOneAccess) {
  auto source = std::make_unique<FailingSource>(build_zip(ordinary_zip()), 1'000'000);
  const FailingSource& counter = *source;
  const auto zip = open_zip(std::move(source), "app.zip", Limits{});
  for (const char* name : {"pkg/__init__.py", "pkg/data.txt", "pkg/more.txt"}) {
    const std::size_t before = counter.accesses();
    ASSERT_TRUE((*zip)->read(name).ok());
    EXPECT_EQ(counter.accesses(), before + 1) << name;
  }
}

// E4: an archive that becomes another one between any two accesses is refused, or read as one of
// the two member by member; nothing is ever read out of bounds
TEST(ZipArchive, NeverMixesTwoContentsInOneMember) {
  ZipPlan plan = ordinary_zip();
  const std::string before = build_zip(plan);
  plan.entries[1].content = "import no\n";
  plan.entries[2].content = std::string(1000, 'e');
  plan.entries[3].name = "pkg/evil.txt";
  const std::string after = build_zip(plan);
  ASSERT_EQ(before.size(), after.size());
  std::size_t n = 0;
  for (;; ++n) {
    auto source = std::make_unique<ChangingSource>(before, after, n);
    const ChangingSource& counter = *source;
    const auto zip = open_zip(std::move(source), "app.zip", Limits{});
    if (!zip.ok()) continue;
    EXPECT_THAT(content_of(**zip, "pkg/__init__.py"),
                testing::AnyOf("import os\n", "import no\n", "CorruptMember", "HeaderMismatch"));
    EXPECT_THAT(content_of(**zip, "pkg/data.txt"),
                testing::AnyOf(std::string(1000, 'd'), std::string(1000, 'e'), "CorruptMember",
                               "HeaderMismatch"));
    EXPECT_THAT(content_of(**zip, "pkg/more.txt"),
                testing::AnyOf(std::string(1000, 'z'), "NotFound", "HeaderMismatch"));
    if (counter.accesses() <= n) break;  // it never changed
  }
  EXPECT_GT(n, 4U);
}

}  // namespace
}  // namespace signedvfs
