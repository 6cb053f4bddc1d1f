#include "archive/zip/record.h"

#include <gtest/gtest.h>

#include <string>

#include "archive/zip/format.h"
#include "tests/archive/zip_case.h"

namespace signedvfs {
namespace {

class ZipRecordRefuses : public testing::TestWithParam<ZipCase> {};

TEST_P(ZipRecordRefuses, Ambiguity) { expect_refused(GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    HeadersThatDiffer, ZipRecordRefuses,
    testing::Values(
        // A2: the local header has another name
        ZipCase{"Name", Errc::kHeaderMismatch,
                [](ZipPlan& p) { p.entries[1].local.name = "pkg/__init_2.py"; }},
        ZipCase{"NameSize", Errc::kHeaderMismatch,
                [](ZipPlan& p) { p.entries[1].local.name = "pkg/__init__.pyc"; }},
        // A3: lengths in the local header move the data; 0xfffd is not -3
        ZipCase{"ExtraSizeBeyondTheMember", Errc::kNotTiled,
                [](ZipPlan& p) { p.entries[1].local.extra_size = std::uint16_t{0xfffd}; }},
        ZipCase{"ExtraSizeIntoTheMember", Errc::kNotTiled,
                [](ZipPlan& p) { p.entries[1].local.extra_size = std::uint16_t{4}; }},
        ZipCase{"NameSizeIntoTheMember", Errc::kHeaderMismatch,
                [](ZipPlan& p) { p.entries[1].local.name_size = std::uint16_t{0xfffd}; }},
        ZipCase{"ExtraNotCounted", Errc::kNotTiled,
                [](ZipPlan& p) {
                  p.entries[1].local.extra = extra_field(0x5455, "12345");
                  p.entries[1].local.extra_size = std::uint16_t{0};
                }},
        // A4: sizes differ
        ZipCase{"StoredSize", Errc::kHeaderMismatch,
                [](ZipPlan& p) { p.entries[2].local.stored_size = 1U; }},
        ZipCase{"Size", Errc::kHeaderMismatch, [](ZipPlan& p) { p.entries[2].local.size = 999U; }},
        ZipCase{"StoredWithTwoSizes", Errc::kBadRecord,
                [](ZipPlan& p) { p.entries[1].both.size = 9U; }},
        // A7: methods differ
        ZipCase{"Method", Errc::kHeaderMismatch,
                [](ZipPlan& p) { p.entries[2].local.method = std::uint16_t{0}; }},
        // A16: flags differ
        ZipCase{"Flags", Errc::kHeaderMismatch,
                [](ZipPlan& p) { p.entries[1].local.flags = kZipFlagUtf8; }},
        ZipCase{"EncryptedInOneHeader", Errc::kHeaderMismatch,
                [](ZipPlan& p) { p.entries[1].local.flags = std::uint16_t{1}; }},
        // A20: checksums differ
        ZipCase{"Checksum", Errc::kHeaderMismatch,
                [](ZipPlan& p) { p.entries[1].local.crc32 = 1U; }},
        // A22: times differ
        ZipCase{"Time", Errc::kHeaderMismatch, [](ZipPlan& p) { p.entries[1].local.time = 1U; }}),
    ZipCaseName());

INSTANTIATE_TEST_SUITE_P(
    Features, ZipRecordRefuses,
    testing::Values(
        // A7: unknown methods
        ZipCase{"MethodBzip2", Errc::kBadMethod,
                [](ZipPlan& p) { p.entries[1].both.method = std::uint16_t{12}; }},
        ZipCase{"MethodUnknown", Errc::kBadMethod,
                [](ZipPlan& p) { p.entries[1].both.method = std::uint16_t{0xffff}; }},
        // A15: sizes that come after the data
        ZipCase{"DataDescriptor", Errc::kBadFlags,
                [](ZipPlan& p) { p.entries[1].both.flags = std::uint16_t{8}; }},
        // A16: encryption, patches, masked headers, anything unknown
        ZipCase{"Encryption", Errc::kBadFlags,
                [](ZipPlan& p) { p.entries[1].both.flags = std::uint16_t{1}; }},
        ZipCase{"StrongEncryption", Errc::kBadFlags,
                [](ZipPlan& p) { p.entries[1].both.flags = std::uint16_t{0x41}; }},
        ZipCase{"Patch", Errc::kBadFlags,
                [](ZipPlan& p) { p.entries[1].both.flags = std::uint16_t{0x20}; }},
        ZipCase{"MaskedHeader", Errc::kBadFlags,
                [](ZipPlan& p) { p.entries[1].central.flags = std::uint16_t{0x2000}; }},
        ZipCase{"AesField", Errc::kBadFlags,
                [](ZipPlan& p) { p.entries[1].both.extra = extra_field(kZipExtraAes, "1234567"); }},
        ZipCase{"VersionFromTheFuture", Errc::kBadRecord,
                [](ZipPlan& p) { p.entries[1].both.version = std::uint16_t{64}; }},
        // A17: a member on another volume
        ZipCase{"Disk", Errc::kMultiDisk,
                [](ZipPlan& p) { p.entries[1].central.disk = std::uint16_t{1}; }},
        // A19: comments
        ZipCase{"MemberComment", Errc::kBadRecord,
                [](ZipPlan& p) { p.entries[1].central.comment = "comment"; }},
        // A21: fields that rename the member
        ZipCase{"UnicodePath", Errc::kBadRecord,
                [](ZipPlan& p) {
                  p.entries[1].central.extra =
                      extra_field(kZipExtraUnicodePath, std::string(5, '\1') + "evil.py");
                }},
        ZipCase{"UnicodePathInTheLocalHeader", Errc::kBadRecord,
                [](ZipPlan& p) {
                  p.entries[1].local.extra =
                      extra_field(kZipExtraUnicodePath, std::string(5, '\1') + "evil.py");
                }},
        ZipCase{"UnicodeComment", Errc::kBadRecord,
                [](ZipPlan& p) {
                  p.entries[1].both.extra = extra_field(kZipExtraUnicodeComment, "12345");
                }},
        // A3: extra fields that do not add up
        ZipCase{"ExtraCutOff", Errc::kBadRecord,
                [](ZipPlan& p) { p.entries[1].central.extra = "UT\5"; }},
        ZipCase{"ExtraLongerThanItsSpace", Errc::kBadRecord,
                [](ZipPlan& p) { p.entries[1].central.extra = std::string("UT\x09\0data", 8); }},
        ZipCase{"LocalExtraPadding", Errc::kBadRecord,
                [](ZipPlan& p) { p.entries[1].local.extra = std::string(3, '\0'); }},
        // A13: zip64 fields without need
        ZipCase{"Zip64FieldWithoutNeed", Errc::kBadZip64,
                [](ZipPlan& p) {
                  p.entries[1].central.extra = extra_field(kZipExtraZip64, little_endian(10, 8));
                }},
        ZipCase{"Zip64FieldWithSmallNumber", Errc::kBadZip64,
                [](ZipPlan& p) {
                  p.entries[1].central.extra = extra_field(kZipExtraZip64, little_endian(10, 8));
                  p.entries[1].central.size = kZipSaturated32;
                }},
        ZipCase{"Zip64FieldMissing", Errc::kBadZip64,
                [](ZipPlan& p) { p.entries[1].central.offset = kZipSaturated32; }},
        ZipCase{"Zip64FieldTooShort", Errc::kBadZip64,
                [](ZipPlan& p) {
                  p.entries[1].central.extra = extra_field(kZipExtraZip64, "1234");
                  p.entries[1].central.offset = kZipSaturated32;
                }},
        ZipCase{"Zip64FieldTooLong", Errc::kBadZip64,
                [](ZipPlan& p) {
                  p.entries[1].central.extra =
                      extra_field(kZipExtraZip64, little_endian(1ULL << 40U, 8) + "more");
                  p.entries[1].central.offset = kZipSaturated32;
                }},
        ZipCase{"Zip64FieldTwice", Errc::kBadZip64,
                [](ZipPlan& p) {
                  p.entries[1].central.extra =
                      extra_field(kZipExtraZip64, little_endian(1ULL << 40U, 8)) +
                      extra_field(kZipExtraZip64, little_endian(1ULL << 41U, 8));
                  p.entries[1].central.offset = kZipSaturated32;
                }},
        ZipCase{"Zip64FieldInTheLocalHeaderOnly", Errc::kBadZip64,
                [](ZipPlan& p) {
                  p.entries[1].local.extra =
                      extra_field(kZipExtraZip64, little_endian(10, 8) + little_endian(10, 8));
                }},
        // B7: names beyond ASCII without the flag that says they are UTF-8
        ZipCase{"NameWithoutUtf8Flag", Errc::kBadName,
                [](ZipPlan& p) {
                  p.entries[1].name = "caf\xc3\xa9.py";
                  p.entries[1].both.flags = std::uint16_t{0};
                }},
        // B8: what is no plain file or directory
        ZipCase{"Symlink", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[1].central.attributes = 0120777U << kZipModeShift; }},
        ZipCase{"Fifo", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[1].central.attributes = 0010644U << kZipModeShift; }},
        ZipCase{"Device", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[1].central.attributes = 0060644U << kZipModeShift; }},
        ZipCase{"SetUserId", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[1].central.attributes = 0104755U << kZipModeShift; }},
        ZipCase{"SetGroupId", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[1].central.attributes = 0102755U << kZipModeShift; }},
        ZipCase{"Sticky", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[1].central.attributes = 0101755U << kZipModeShift; }},
        ZipCase{"FileWithDirectoryMode", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[1].central.attributes = 0040755U << kZipModeShift; }},
        ZipCase{"FileWithDosDirectoryBit", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[1].central.attributes = kZipDosDirectory; }},
        ZipCase{"VolumeLabel", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[1].central.attributes = kZipDosVolume; }},
        ZipCase{"DirectoryWithFileMode", Errc::kBadMode,
                [](ZipPlan& p) { p.entries[0].central.attributes = 0100644U << kZipModeShift; }},
        ZipCase{"DirectoryWithContent", Errc::kBadRecord,
                [](ZipPlan& p) { p.entries[0].content = "content"; }},
        ZipCase{"DirectoryThatIsDeflated", Errc::kBadRecord,
                [](ZipPlan& p) {
                  p.entries[0].method = Method::kDeflate;
                  p.entries[0].stored = std::string("\3\0", 2);
                }}),
    ZipCaseName());

TEST(ZipRecord, AcceptsWhatOtherWritersAddWithoutEffect) {
  ZipPlan plan = ordinary_zip();
  plan.entries[1].local.extra = extra_field(0x5455, "123456789");  // times, longer in one header
  plan.entries[1].central.extra = extra_field(0x5455, "12345") + extra_field(0x7875, "");
  plan.entries[1].central.attributes = 0100755U << kZipModeShift | 0x20U;
  plan.entries[2].both.flags = kZipFlagUtf8;
  plan.entries[2].both.time = 0x58e1a2b3U;
  plan.entries[3].central.attributes = 0U;
  const auto index = read_index(build_zip(plan));
  ASSERT_TRUE(index.ok()) << index.status().what();
  EXPECT_EQ(index->find("pkg/__init__.py")->size, 10U);
}

// F8: names come from attackers, and terminals obey escape sequences
TEST(ZipRecord, QuotesNamesInMessages) {
  ZipPlan plan = ordinary_zip();
  plan.entries[1].name = "pkg/\x1b[2Jx";
  const auto index = read_index(build_zip(plan));
  EXPECT_EQ(index.code(), Errc::kBadName);
  EXPECT_NE(index.status().what().find("'pkg/\\x1b[2Jx'"), std::string::npos);
  for (const char c : index.status().what()) EXPECT_GE(c, ' ');
}

}  // namespace
}  // namespace signedvfs
