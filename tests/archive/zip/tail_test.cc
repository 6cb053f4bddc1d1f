#include "archive/zip/tail.h"

#include <gtest/gtest.h>

#include <string>

#include "archive/zip/format.h"
#include "tests/archive/zip_case.h"

namespace signedvfs {
namespace {

// saturate makes the count too large for the end record, in that record's eyes.
void saturate(ZipPlan& plan, const Zip64Fields& fields) {
  plan.zip64 = fields;
  plan.count = kZipSaturated16;
  plan.count_here = kZipSaturated16;
}

class ZipTailRefuses : public testing::TestWithParam<ZipCase> {};

TEST_P(ZipTailRefuses, Ambiguity) { expect_refused(GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    Hostile, ZipTailRefuses,
    testing::Values(
        // A10: several end records, or one that is not at the end
        ZipCase{"Comment", Errc::kTrailingBytes, [](ZipPlan& p) { p.comment = "hello"; }},
        ZipCase{"ZipInTheComment", Errc::kTrailingBytes,
                [](ZipPlan& p) { p.comment = build_zip({.entries = {{"evil.py"}}}) + '\n'; }},
        ZipCase{"CommentSizeWithoutComment", Errc::kTrailingBytes,
                [](ZipPlan& p) { p.comment_size = std::uint16_t{1}; }},
        ZipCase{"CommentWithoutCommentSize", Errc::kTrailingBytes,
                [](ZipPlan& p) {
                  p.comment = "hello";
                  p.comment_size = std::uint16_t{0};
                }},
        // A19: trailing garbage
        ZipCase{"TrailingByte", Errc::kTrailingBytes, [](ZipPlan& p) { p.trailing = "x"; }},
        // A11: the directory does not end at the end record
        ZipCase{"GapBehindTheDirectory", Errc::kBadDirectory,
                [](ZipPlan& p) { p.after_directory = "gap"; }},
        ZipCase{"OffsetBehindTheDirectory", Errc::kBadDirectory,
                [](ZipPlan& p) { p.offset = 0x00ffffffU; }},
        ZipCase{"SizeLargerThanTheFile", Errc::kBadDirectory,
                [](ZipPlan& p) { p.size = 0x00ffffffU; }},
        // A12: the count lies
        ZipCase{"CountTooSmall", Errc::kBadDirectory,
                [](ZipPlan& p) { p.count = p.count_here = std::uint16_t{3}; }},
        ZipCase{"CountTooLarge", Errc::kBadDirectory,
                [](ZipPlan& p) { p.count = p.count_here = std::uint16_t{5}; }},
        ZipCase{"CountZero", Errc::kBadDirectory,
                [](ZipPlan& p) { p.count = p.count_here = std::uint16_t{0}; }},
        ZipCase{"CountsThatDiffer", Errc::kBadDirectory,
                [](ZipPlan& p) { p.count_here = std::uint16_t{1}; }},
        // A14: sums and products that wrap around
        ZipCase{"SizePlusOffsetWraps32Bits", Errc::kBadDirectory,
                [](ZipPlan& p) {
                  p.size = 0xfffffff0U;
                  p.offset = 0x00000020U;
                }},
        ZipCase{"SizePlusOffsetWraps64Bits", Errc::kBadZip64,
                [](ZipPlan& p) {
                  p.zip64 = {.size = ~std::uint64_t{0}, .offset = 60, .record_offset = 59};
                  p.size = kZipSaturated32;
                  p.offset = 60U;
                }},
        ZipCase{"CountTimesRecordWraps64Bits", Errc::kBadDirectory,
                [](ZipPlan& p) {
                  constexpr std::uint64_t kCount = ~std::uint64_t{0} / kZipCentralSize + 2;
                  saturate(p, {.count_here = kCount, .count = kCount});
                }},
        // A17: several volumes
        ZipCase{"Disk", Errc::kMultiDisk, [](ZipPlan& p) { p.disk = std::uint16_t{1}; }},
        ZipCase{"DirectoryDisk", Errc::kMultiDisk,
                [](ZipPlan& p) { p.directory_disk = std::uint16_t{1}; }},
        ZipCase{
            "Zip64Disk", Errc::kMultiDisk,
            [](ZipPlan& p) { saturate(p, {.disk = 1, .count_here = 0x10000, .count = 0x10000}); }},
        ZipCase{"LocatorDisk", Errc::kMultiDisk,
                [](ZipPlan& p) { saturate(p, {.locator_disk = 1}); }},
        ZipCase{"LocatorDisks", Errc::kMultiDisk, [](ZipPlan& p) { saturate(p, {.disks = 2}); }},
        // A13: zip64 records without need, without agreement, or elsewhere
        ZipCase{"Zip64WithoutNeed", Errc::kBadZip64, [](ZipPlan& p) { p.zip64 = Zip64Fields{}; }},
        ZipCase{"Zip64Missing", Errc::kBadZip64,
                [](ZipPlan& p) { p.count = p.count_here = kZipSaturated16; }},
        ZipCase{"Zip64SaturatedWithoutNeed", Errc::kBadZip64, [](ZipPlan& p) { saturate(p, {}); }},
        ZipCase{"Zip64Count", Errc::kBadZip64,
                [](ZipPlan& p) {
                  p.zip64 = {.count = 3};
                  p.size = kZipSaturated32;
                }},
        ZipCase{"Zip64Offset", Errc::kBadZip64,
                [](ZipPlan& p) {
                  saturate(p, {.count_here = 0x10000, .count = 0x10000, .offset = 7});
                }},
        ZipCase{"Zip64ExtensibleData", Errc::kBadZip64,
                [](ZipPlan& p) { saturate(p, {.extra = "hidden"}); }},
        ZipCase{"Zip64StatedSize", Errc::kBadZip64,
                [](ZipPlan& p) { saturate(p, {.stated_size = 45}); }},
        ZipCase{"Zip64Version", Errc::kBadZip64,
                [](ZipPlan& p) { saturate(p, {.version = kZipVersionDeflate}); }},
        ZipCase{"Zip64LocatorRedirected", Errc::kBadZip64,
                [](ZipPlan& p) {
                  saturate(p, {.count_here = 0x10000, .count = 0x10000, .record_offset = 0});
                }},
        ZipCase{"Zip64LocatorElsewhere", Errc::kBadZip64,
                [](ZipPlan& p) { saturate(p, {.between = "gap"}); }},
        // F4, F5: more members, or a larger directory, than allowed
        ZipCase{"TooManyMembers", Errc::kTooLarge, [](ZipPlan&) {}, {.members = 3}},
        ZipCase{"TooLargeDirectory", Errc::kTooLarge, [](ZipPlan&) {}, {.directory_bytes = 100}}),
    ZipCaseName());

TEST(ZipTail, IsNoArchiveWithoutAnEndRecord) {
  for (const std::string& bytes :
       {std::string(), std::string("PK\5\6"), std::string(21, 'x'), std::string(100'000, 'x'),
        std::string("#!/bin/sh\necho no archive at all, but long enough to be one\n")}) {
    EXPECT_EQ(read_index(bytes).code(), Errc::kNotAnArchive);
  }
}

// A12: the count is taken modulo 65536
TEST(ZipTail, RefusesACountModulo65536) {
  ZipPlan plan;
  for (int i = 0; i < 65'537; ++i) plan.entries.push_back({"m" + std::to_string(i)});
  plan.count = plan.count_here = std::uint16_t{1};
  EXPECT_EQ(read_index(build_zip(plan)).code(), Errc::kBadDirectory);
}

TEST(ZipTail, AcceptsAnEmptyArchive) {
  const auto index = read_index(build_zip({}));
  ASSERT_TRUE(index.ok()) << index.status().what();
  EXPECT_TRUE(index->members().empty());
}

// A10, A18: an archive behind an archive: only the last one is there, the other is inert
TEST(ZipTail, ReadsTheLastOfConcatenatedArchives) {
  ZipPlan plan = ordinary_zip();
  plan.prefix = build_zip({.entries = {{"evil.py", "evil"}}});
  const auto index = read_index(build_zip(plan));
  ASSERT_TRUE(index.ok()) << index.status().what();
  EXPECT_EQ(index->find("evil.py"), nullptr);
  EXPECT_EQ(index->begin(), plan.prefix.size());
}

// A14: every truncation of an archive is refused, whatever number is cut in two
TEST(ZipTail, RefusesEveryTruncation) {
  const std::string bytes = build_zip(ordinary_zip());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_index(bytes.substr(0, size)).ok()) << size;
  }
}

}  // namespace
}  // namespace signedvfs
