#include "archive/zip/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "archive/zip/format.h"
#include "tests/archive/zip_case.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_of(const ZipDirectory& index) {
  std::vector<std::string> names;
  for (const ZipRecord& member : index.members()) names.emplace_back(member.name);
  return names;
}

class ZipIndexRefuses : public testing::TestWithParam<ZipCase> {};

TEST_P(ZipIndexRefuses, Ambiguity) { expect_refused(GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    Places, ZipIndexRefuses,
    testing::Values(
        // A8: records that overlap, leave gaps, or are not members of the body
        ZipCase{"TwoRecordsAtOnePlace", Errc::kNotTiled,
                [](ZipPlan& p) {
                  p.entries[2].name = "pkg/__init_2.py";
                  p.entries[2].central.offset = 34U;
                }},
        ZipCase{"OffsetIntoAnotherMember", Errc::kNotTiled,
                [](ZipPlan& p) { p.entries[2].central.offset = 50U; }},
        ZipCase{"OffsetIntoTheDirectory", Errc::kNotTiled,
                [](ZipPlan& p) { p.entries[3].central.offset = 400U; }},
        ZipCase{"OffsetBeyondTheFile", Errc::kNotTiled,
                [](ZipPlan& p) { p.entries[3].central.offset = 0x7fffffffU; }},
        ZipCase{"GapBetweenMembers", Errc::kNotTiled,
                [](ZipPlan& p) { p.entries[2].before = "gap"; }},
        ZipCase{"QuotedOverlap", Errc::kNotTiled,
                [](ZipPlan& p) { p.entries[1].both.stored_size = p.entries[1].both.size = 200U; }},
        ZipCase{"StoredSizeBeyondTheBody", Errc::kNotTiled,
                [](ZipPlan& p) { p.entries[3].both.stored_size = 0x7fffffffU; }},
        // A9: a record that the directory does not know, for readers that stream
        ZipCase{"OrphanBetween", Errc::kNotTiled,
                [](ZipPlan& p) {
                  p.entries.insert(p.entries.begin() + 2, {.name = "evil.py", .content = "evil"});
                  p.entries[2].in_directory = false;
                }},
        ZipCase{"OrphanAtTheEnd", Errc::kNotTiled,
                [](ZipPlan& p) {
                  p.entries.push_back({.name = "evil.py", .content = "evil"});
                  p.entries.back().in_directory = false;
                }},
        // A19: something between the members and the directory
        ZipCase{"ArchiveExtraData", Errc::kNotTiled,
                [](ZipPlan& p) { p.after_members = "PK\6\x08" + little_endian(0, 4); }},
        // A12: alien records in the directory
        ZipCase{"AlienRecordInTheDirectory", Errc::kBadDirectory,
                [](ZipPlan& p) {
                  p.after_directory = std::string(50, 'x');
                  p.count = p.count_here = std::uint16_t{5};
                  p.size = static_cast<std::uint32_t>(4 * kZipCentralSize + 4 + 15 + 12 + 12 + 50);
                }},
        ZipCase{"BytesBehindTheLastRecord", Errc::kBadDirectory,
                [](ZipPlan& p) {
                  p.after_directory = "PK\5\5" + little_endian(0, 2);  // a digital signature
                  p.size = static_cast<std::uint32_t>(4 * kZipCentralSize + 4 + 15 + 12 + 12 + 6);
                }},
        // A11: the directory is moved by the difference of two lies
        ZipCase{"OffsetOfTheDirectoryTooSmall", Errc::kNotTiled,
                [](ZipPlan& p) { p.offset = 0U; }}),
    ZipCaseName());

INSTANTIATE_TEST_SUITE_P(
    Names, ZipIndexRefuses,
    testing::Values(
        // A1: two members of one name
        ZipCase{"DuplicateName", Errc::kDuplicateName,
                [](ZipPlan& p) { p.entries[2].name = "pkg/__init__.py"; }},
        // B5: two names that differ in case
        ZipCase{"NamesThatDifferInCase", Errc::kDuplicateName,
                [](ZipPlan& p) { p.entries[2].name = "PKG/__Init__.PY"; }},
        // B6: two names that are compatible
        ZipCase{"NamesThatDifferInWidth", Errc::kDuplicateName,
                [](ZipPlan& p) { p.entries[2].name = "pkg/__init__.p\xef\xbd\x99"; }},
        ZipCase{"DirectoryTwice", Errc::kDuplicateName,
                [](ZipPlan& p) { p.entries.push_back({"pkg/"}); }},
        // B9: a file that is also a directory
        ZipCase{"FileAndDirectory", Errc::kFileAndDirectory,
                [](ZipPlan& p) { p.entries[2].name = "pkg/__init__.py/data.txt"; }},
        ZipCase{"FileAndDirectoryInDisguise", Errc::kFileAndDirectory,
                [](ZipPlan& p) { p.entries[2].name = "pkg/__INIT__.py/data.txt"; }},
        ZipCase{"FileAndDirectoryEntry", Errc::kFileAndDirectory,
                [](ZipPlan& p) { p.entries[2].name = "pkg"; }},
        // B8: a directory entry without any file is something to hide
        ZipCase{"EmptyDirectory", Errc::kBadRecord,
                [](ZipPlan& p) { p.entries.push_back({"other/"}); }},
        // B1: paths that lead out of the archive
        ZipCase{"ParentDirectory", Errc::kBadName,
                [](ZipPlan& p) { p.entries[2].name = "pkg/../../evil.py"; }},
        ZipCase{"AbsolutePath", Errc::kBadName,
                [](ZipPlan& p) { p.entries[2].name = "/etc/passwd"; }},
        // B2: another separator
        ZipCase{"Backslash", Errc::kBadName,
                [](ZipPlan& p) { p.entries[2].name = "pkg\\evil.py"; }},
        // B3: a name that ends earlier for C
        ZipCase{"Nul", Errc::kBadName,
                [](ZipPlan& p) { p.entries[2].name = std::string("good.py\0.txt", 12); }},
        // B7: bytes that are no UTF-8
        ZipCase{"OverlongUtf8", Errc::kBadName,
                [](ZipPlan& p) {
                  p.entries[2].name =
                      "pkg\xc0\xaf"
                      "evil.py";
                }},
        // B10: long names
        ZipCase{"LongName", Errc::kBadName,
                [](ZipPlan& p) { p.entries[2].name = std::string(1025, 'n'); }},
        ZipCase{"EmptyName", Errc::kBadName, [](ZipPlan& p) { p.entries[2].name = ""; }},
        ZipCase{"DirectoryNameWithTwoSlashes", Errc::kBadName,
                [](ZipPlan& p) { p.entries[0].name = "pkg//"; }}),
    ZipCaseName());

INSTANTIATE_TEST_SUITE_P(
    Sizes, ZipIndexRefuses,
    testing::Values(
        // F4: bombs, honest and lying
        ZipCase{"Ratio", Errc::kTooLarge, [](ZipPlan& p) { p.entries[2].both.size = 1U << 29U; }},
        ZipCase{"MemberSize", Errc::kTooLarge, [](ZipPlan&) {}, {.member_bytes = 999}},
        ZipCase{"LyingMemberSize", Errc::kTooLarge,
                [](ZipPlan& p) { p.entries[2].both.size = 0xfffffffeU; }},
        ZipCase{"TotalSize", Errc::kTooLarge, [](ZipPlan&) {}, {.total_bytes = 2009}}),
    ZipCaseName());

TEST(ZipDirectory, FindsEveryMemberAndNothingElse) {
  const auto index = read_index(build_zip(ordinary_zip()));
  ASSERT_TRUE(index.ok()) << index.status().what();
  EXPECT_THAT(names_of(*index), ElementsAre("pkg/__init__.py", "pkg/data.txt", "pkg/more.txt"));
  EXPECT_EQ(index->begin(), 0U);
  const ZipRecord* const member = index->find("pkg/data.txt");
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->size, 1000U);
  EXPECT_LT(member->stored_size, 1000U);
  EXPECT_EQ(member->method, Method::kDeflate);
  for (const char* name : {"pkg/", "pkg", "", "pkg/data.tx", "pkg/data.txt/", "PKG/data.txt"}) {
    EXPECT_EQ(index->find(name), nullptr) << name;
  }
}

TEST(ZipDirectory, StaysValidWhenMoved) {
  auto read = read_index(build_zip(ordinary_zip()));
  const ZipDirectory index = std::move(read).value();
  ASSERT_NE(index.find("pkg/more.txt"), nullptr);
  EXPECT_EQ(index.find("pkg/more.txt")->name, "pkg/more.txt");
}

TEST(ZipDirectory, AllowsADirectoryInAnotherOrderThanTheMembers) {
  const std::string bytes = build_zip(ordinary_zip());
  const std::size_t one = bytes.find("PK\1\2", bytes.find("PK\1\2") + 1);
  const std::size_t two = bytes.find("PK\1\2", one + 1);
  const std::size_t three = bytes.find("PK\1\2", two + 1);
  const std::string swapped = bytes.substr(0, one) + bytes.substr(two, three - two) +
                              bytes.substr(one, two - one) + bytes.substr(three);
  const auto index = read_index(swapped);
  ASSERT_TRUE(index.ok()) << index.status().what();
  EXPECT_THAT(names_of(*index), ElementsAre("pkg/__init__.py", "pkg/data.txt", "pkg/more.txt"));
}

// A18: bytes in front of the archive are inert, with offsets counted either way
TEST(ZipDirectory, IgnoresAPrefix) {
  for (const bool from_start : {false, true}) {
    ZipPlan plan = ordinary_zip();
    plan.prefix =
        "\x7f"
        "ELF" +
        std::string(5000, 'p');
    plan.offsets_from_start = from_start;
    const auto index = read_index(build_zip(plan));
    ASSERT_TRUE(index.ok()) << index.status().what();
    EXPECT_EQ(index->begin(), plan.prefix.size());
    EXPECT_EQ(index->members().size(), 3U);
  }
}

// B8: any directory in which files lie may have an entry
TEST(ZipDirectory, AcceptsEntriesOfDirectoriesThatHoldFiles) {
  ZipPlan plan = ordinary_zip();
  plan.entries.push_back({"a/"});
  plan.entries.push_back({"a/b/"});
  plan.entries.push_back({"a/b/c/"});
  plan.entries.push_back({"a/b/c/file"});
  const auto index = read_index(build_zip(plan));
  ASSERT_TRUE(index.ok()) << index.status().what();
}

// B9: names that begin alike are no directories of each other
TEST(ZipDirectory, AcceptsNamesThatBeginAlike) {
  ZipPlan plan;
  plan.entries = {{"a.py"}, {"a"}, {"a.b/c"}, {"ab/c"}, {"a-b/c"}, {"b/a"}};
  const auto index = read_index(build_zip(plan));
  ASSERT_TRUE(index.ok()) << index.status().what();
}

// F5: many members cost in proportion
TEST(ZipDirectory, HoldsManyMembers) {
  ZipPlan plan;
  for (int i = 0; i < 20'000; ++i) {
    plan.entries.push_back({"pkg" + std::to_string(i % 100) + "/m" + std::to_string(i), "x"});
  }
  const auto index = read_index(build_zip(plan));
  ASSERT_TRUE(index.ok()) << index.status().what();
  EXPECT_EQ(index->members().size(), 20'000U);
  for (const ZipEntry& entry : plan.entries) ASSERT_NE(index->find(entry.name), nullptr);
}

// Every single byte that is changed leads to a refusal, or changes nothing that is ever used.
TEST(ZipDirectory, SurvivesEveryChangedByte) {
  const std::string bytes = build_zip(ordinary_zip());
  const auto right = read_index(bytes);
  ASSERT_TRUE(right.ok());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto index = read_index(changed);
      if (!index.ok()) continue;
      ASSERT_EQ(names_of(*index), names_of(*right)) << at;
      for (std::size_t i = 0; i < right->members().size(); ++i) {
        const ZipRecord& is = index->members()[i];
        const ZipRecord& was = right->members()[i];
        EXPECT_TRUE(is.content() == was.content() && is.size == was.size && is.crc32 == was.crc32 &&
                    is.stored_size == was.stored_size && is.method == was.method)
            << at;
      }
    }
  }
}

// SparseSource is a file of any size in which only few bytes are not zero.
class SparseSource final : public ByteSource {
 public:
  void put(std::uint64_t offset, std::string bytes) { pieces_[offset] = std::move(bytes); }
  std::uint64_t size() const noexcept override {
    return pieces_.rbegin()->first + pieces_.rbegin()->second.size();
  }
  Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
    for (std::size_t i = 0; i < dst.size(); ++i) dst[i] = byte_at(offset + i);
    return {};
  }

 private:
  std::byte byte_at(std::uint64_t offset) const {
    const auto next = pieces_.upper_bound(offset);
    if (next == pieces_.begin()) return {};
    const auto& [begin, bytes] = *std::prev(next);
    return offset - begin < bytes.size() ? std::byte(bytes[offset - begin]) : std::byte{};
  }
  std::map<std::uint64_t, std::string> pieces_;
};

// A13: zip64 where a size and an offset need it, and only in the canonical form
class BigZip : public testing::Test {
 protected:
  static constexpr std::uint64_t kBig = 0x1'2345'6789;

  // read builds an archive of one member of `kBig` zeros and an empty one behind it.
  Result<ZipDirectory> read(std::uint64_t zip64_size_in_local_header = kBig) const {
    const std::string zip64 =
        extra_field(kZipExtraZip64, little_endian(kBig, 8) + little_endian(kBig, 8));
    const std::string local_zip64 = extra_field(
        kZipExtraZip64, little_endian(zip64_size_in_local_header, 8) + little_endian(kBig, 8));
    const std::string fixed = little_endian(45, 2) + little_endian(0, 4) +
                              little_endian(0x00210000, 4) + little_endian(0, 4);
    const std::string saturated = little_endian(kZipSaturated32, 4);
    const std::string first = "PK\3\4" + fixed + saturated + saturated + little_endian(3, 2) +
                              little_endian(local_zip64.size(), 2) + "big" + local_zip64;
    const std::uint64_t second_offset = first.size() + kBig;
    const std::string second = "PK\3\4" + fixed + little_endian(0, 8) + little_endian(5, 2) +
                               little_endian(0, 2) + "empty";
    const std::string offset64 = extra_field(kZipExtraZip64, little_endian(second_offset, 8));
    const std::string nothing = little_endian(0, 2) + little_endian(0, 2) + little_endian(0, 2) +
                                little_endian(0, 4);  // comment, disk, attributes
    const std::string directory =
        "PK\1\2" + little_endian(45, 2) + fixed + saturated + saturated + little_endian(3, 2) +
        little_endian(zip64.size(), 2) + nothing + little_endian(0, 4) + "big" + zip64 + "PK\1\2" +
        little_endian(45, 2) + fixed + little_endian(0, 8) + little_endian(5, 2) +
        little_endian(offset64.size(), 2) + nothing + saturated + "empty" + offset64;
    const std::uint64_t directory_offset = second_offset + second.size();
    const std::string end =
        "PK\6\6" + little_endian(44, 8) + little_endian(45, 2) + little_endian(45, 2) +
        little_endian(0, 8) + little_endian(2, 8) + little_endian(2, 8) +
        little_endian(directory.size(), 8) + little_endian(directory_offset, 8) + "PK\6\7" +
        little_endian(0, 4) + little_endian(directory_offset + directory.size(), 8) +
        little_endian(1, 4) + "PK\5\6" + little_endian(0, 4) + little_endian(2, 2) +
        little_endian(2, 2) + little_endian(directory.size(), 4) + saturated + little_endian(0, 2);
    SparseSource source;
    source.put(0, first);
    source.put(second_offset, second + directory + end);
    Limits limits;
    limits.member_bytes = limits.total_bytes = 2 * kBig;
    SIGNEDVFS_ASSIGN(ZipDirectory index, ZipDirectory::read(source, limits));
    for (const ZipRecord& member : index.members()) {
      SIGNEDVFS_TRY(check_local_header(source, member));
    }
    return index;
  }
};

TEST_F(BigZip, IsReadByItsZip64Fields) {
  const auto index = read();
  ASSERT_TRUE(index.ok()) << index.status().what();
  EXPECT_EQ(index->find("big")->size, kBig);
  EXPECT_EQ(index->find("empty")->content(), kBig + 53 + 35);
}

TEST_F(BigZip, IsRefusedWhereTheLocalZip64FieldDiffers) {
  EXPECT_EQ(read(kBig + 1).code(), Errc::kHeaderMismatch);
}

}  // namespace
}  // namespace signedvfs
