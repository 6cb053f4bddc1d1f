// What is accepted of a zip archive that is about to be written anew, and what is not.
#include "archive/lenient/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <ostream>

#include "archive/lenient/archive.h"
#include "archive/zip/format.h"
#include "tests/archive/zip_case.h"

namespace signedvfs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::array<std::string_view, 1> kRewritten{"manifest.txt"};
constexpr std::uint16_t kDescriptor = 8;
constexpr std::uint32_t kFileMode = 0100644U << kZipModeShift;

Result<LenientZip> open_lenient(const std::string& bytes, const Limits& limits = {}) {
  return open_lenient_zip(std::make_shared<MemorySource>(bytes), "a.zip", limits, kRewritten);
}

std::string lenient_content(const Container& container, const std::string& name) {
  const Buffer content = container.read(name).value();
  return std::string(text_of(content.bytes()));
}

// descriptor returns a truthful one of `entry`.
std::string descriptor(const ZipEntry& entry, bool has_signature, std::size_t width) {
  const Packed packed = pack_member(bytes_of(entry.content), entry.method).value();
  return (has_signature ? "PK\x07\x08" : "") + little_endian(packed.crc32, 4) +
         little_endian(packed.bytes.size(), width) + little_endian(entry.content.size(), width);
}

// describe_afterwards gives the entry a data descriptor, and its local header no numbers.
void describe_afterwards(ZipEntry& entry, bool has_signature, std::size_t width) {
  entry.both.flags = kDescriptor;
  entry.local.crc32 = entry.local.size = entry.local.stored_size = 0U;
  entry.after = descriptor(entry, has_signature, width);
}

// zip64_of returns a zip64 field with the values.
std::string zip64_of(std::initializer_list<std::uint64_t> values) {
  std::string out;
  for (const std::uint64_t value : values) out += little_endian(value, 8);
  return extra_field(kZipExtraZip64, out);
}

struct Accepted {
  std::string name;
  std::string vanishing;  // part of a sentence; "" where there is none
  void (*change)(ZipPlan&);
};
void PrintTo(const Accepted& accepted, std::ostream* out) { *out << accepted.name; }

class LenientZipAccepts : public testing::TestWithParam<Accepted> {};

TEST_P(LenientZipAccepts, WhatIsUnambiguous) {
  ZipPlan plan = ordinary_zip();
  GetParam().change(plan);
  const auto zip = open_lenient(build_zip(plan));
  ASSERT_TRUE(zip.ok()) << zip.status().what();
  const Container& container = *zip->container;
  std::size_t files = 0;
  for (const ZipEntry& entry : plan.entries) {
    if (entry.name.ends_with('/')) continue;
    ++files;
    EXPECT_EQ(container.size_of(entry.name), entry.content.size());
    EXPECT_EQ(lenient_content(container, entry.name), entry.content);
    const StoredMember packed = container.read_packed(entry.name).value();
    EXPECT_EQ(text_of(packed.content()), entry.content);
  }
  EXPECT_EQ(container.member_count(), files);
  EXPECT_EQ(container.names()->size(), files);
  if (GetParam().vanishing.empty()) {
    EXPECT_THAT(zip->vanishing, IsEmpty());
  } else {
    EXPECT_THAT(zip->vanishing, Contains(HasSubstr(GetParam().vanishing)));
  }
}

struct NameOfCase {
  template <class Case>
  std::string operator()(const testing::TestParamInfo<Case>& info) const {
    return info.param.name;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Oddities, LenientZipAccepts,
    testing::Values(
        Accepted{"Ordinary", "", [](ZipPlan&) {}},
        Accepted{"ArchiveComment", "comment of 5 bytes", [](ZipPlan& p) { p.comment = "hello"; }},
        Accepted{"MemberComment", "1 comment of a member: 'pkg/data.txt'",
                 [](ZipPlan& p) { p.entries[2].central.comment = "hello"; }},
        Accepted{"Descriptor", "1 data descriptor: 'pkg/__init__.py'",
                 [](ZipPlan& p) { describe_afterwards(p.entries[1], true, 4); }},
        Accepted{"DescriptorWithoutSignature", "data descriptor",
                 [](ZipPlan& p) { describe_afterwards(p.entries[2], false, 4); }},
        Accepted{"LongDescriptor", "data descriptor",
                 [](ZipPlan& p) { describe_afterwards(p.entries[3], true, 8); }},
        Accepted{"LongDescriptorWithoutSignature", "data descriptor",
                 [](ZipPlan& p) { describe_afterwards(p.entries[2], false, 8); }},
        Accepted{"DescriptorOfTheLast", "data descriptor",
                 [](ZipPlan& p) { describe_afterwards(p.entries.back(), true, 4); }},
        Accepted{"DescriptorAndNumbersBefore", "data descriptor",
                 [](ZipPlan& p) {
                   p.entries[2].both.flags = kDescriptor;
                   p.entries[2].after = descriptor(p.entries[2], true, 4);
                 }},
        // Info-ZIP writing to a pipe: zip64 in the local header, and nothing in it yet.
        Accepted{"NeedlessZip64WithDescriptor", "zip64 field",
                 [](ZipPlan& p) {
                   describe_afterwards(p.entries[2], true, 8);
                   p.entries[2].local.size = p.entries[2].local.stored_size = kZipSaturated32;
                   p.entries[2].local.extra = zip64_of({0, 0});
                 }},
        // zipfile's force_zip64
        Accepted{"NeedlessZip64InTheLocalHeader", "1 zip64 field that is not needed",
                 [](ZipPlan& p) {
                   p.entries[1].local.size = p.entries[1].local.stored_size = kZipSaturated32;
                   p.entries[1].local.extra = zip64_of({10, 10});
                 }},
        Accepted{"NeedlessZip64InTheDirectory", "zip64 field",
                 [](ZipPlan& p) { p.entries[1].central.extra = zip64_of({10, 10}); }},
        Accepted{"SaturatedWithoutNeed", "zip64 field",
                 [](ZipPlan& p) {
                   p.entries[1].central.size = kZipSaturated32;
                   p.entries[1].central.extra = zip64_of({10});
                 }},
        Accepted{"NeedlessZip64Records", "zip64 records",
                 [](ZipPlan& p) { p.zip64 = Zip64Fields{}; }},
        Accepted{"ExtraFields", "1 member's extra fields",
                 [](ZipPlan& p) { p.entries[1].both.extra = extra_field(0x5455, "12345"); }},
        Accepted{"ExtraPadding", "extra fields",  // zipalign
                 [](ZipPlan& p) { p.entries[1].local.extra = std::string(3, '\0'); }},
        Accepted{"SameNameInAnExtraField", "extra fields",
                 [](ZipPlan& p) {
                   p.entries[1].both.extra = extra_field(
                       kZipExtraUnicodePath, "\1" + little_endian(0, 4) + p.entries[1].name);
                 }},
        Accepted{"CompressionOptions", "",
                 [](ZipPlan& p) { p.entries[2].both.flags = std::uint16_t{2}; }},
        Accepted{"CodePage437", "1 name in code page 437, written in UTF-8: 'pkg/caf\u00e9.txt'",
                 [](ZipPlan& p) {
                   p.entries[2].name = "pkg/caf\xc3\xa9.txt";
                   p.entries[2].both.name = "pkg/caf\x82.txt";
                   p.entries[2].both.flags = std::uint16_t{0};
                 }},
        Accepted{"SetIdBits", "1 set-id or sticky bit: 'pkg/'",
                 [](ZipPlan& p) {
                   p.entries[0].central.attributes = 0042755U << kZipModeShift | kZipDosDirectory;
                 }},
        Accepted{"EmptyDirectory", "1 empty directory: 'logs/'",
                 [](ZipPlan& p) { p.entries.push_back({.name = "logs/"}); }},
        Accepted{"DirectoryWithContent",
                 "1 directory entry that is compressed or has content: 'pkg/'",
                 [](ZipPlan& p) { p.entries[0].content = "x"; }},
        Accepted{"DeflatedDirectory", "1 directory entry that is compressed or has content: 'pkg/'",
                 [](ZipPlan& p) {
                   p.entries[0].method = Method::kDeflate;
                   p.entries[0].stored = std::string("\3\0", 2);
                 }},
        Accepted{"ManyOfAKind",
                 "4 comments of members: 'pkg/', 'pkg/__init__.py', "
                 "'pkg/data.txt' and 1 more",
                 [](ZipPlan& p) {
                   for (ZipEntry& entry : p.entries) entry.central.comment = "c";
                 }}),
    NameOfCase());

struct Refused {
  std::string name;
  Errc code;
  std::string what;  // part of the sentence
  void (*change)(ZipPlan&);
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }

class LenientZipRefuses : public testing::TestWithParam<Refused> {};

TEST_P(LenientZipRefuses, WhatTwoReadersMightReadDifferently) {
  ZipPlan plan = ordinary_zip();
  GetParam().change(plan);
  const auto zip = open_lenient(build_zip(plan));
  ASSERT_FALSE(zip.ok());
  EXPECT_EQ(name(zip.code()), name(GetParam().code)) << zip.status().what();
  EXPECT_THAT(zip.status().what(), HasSubstr(GetParam().what));
  EXPECT_THAT(zip.status().what(), HasSubstr("a.zip"));
}

INSTANTIATE_TEST_SUITE_P(
    Ambiguity, LenientZipRefuses,
    testing::Values(
        Refused{"TwoOfOneName", Errc::kDuplicateName, "pkg/data.txt",
                [](ZipPlan& p) { p.entries.push_back(p.entries[2]); }},
        Refused{"TwoOfOneNameInDisguise", Errc::kDuplicateName, "PKG/data.txt",
                [](ZipPlan& p) {
                  p.entries.push_back(p.entries[2]);
                  p.entries.back().name = "PKG/data.txt";
                }},
        Refused{"TwoOfOneNameOneInCodePage437", Errc::kDuplicateName, "\\xc3\\xa9",
                [](ZipPlan& p) {
                  p.entries.push_back({.name = "\xc3\xa9"});
                  p.entries.push_back({.name = "\x82"});
                  p.entries.back().both.flags = std::uint16_t{0};
                }},
        Refused{"TwoDirectoryEntries", Errc::kDuplicateName, "pkg",
                [](ZipPlan& p) { p.entries.push_back({.name = "pkg/"}); }},
        Refused{"FileAndEmptyDirectory", Errc::kFileAndDirectory, "pkg/data.txt",
                [](ZipPlan& p) { p.entries.push_back({.name = "pkg/data.txt/"}); }},
        Refused{"EmptyDirectoryBelowAFile", Errc::kFileAndDirectory, "pkg/data.txt",
                [](ZipPlan& p) { p.entries.push_back({.name = "pkg/data.txt/x/"}); }},
        Refused{"OtherLocalName", Errc::kHeaderMismatch, "another name: 'pkg/other.py'",
                [](ZipPlan& p) { p.entries[1].local.name = "pkg/other.py"; }},
        Refused{"OtherLocalMethod", Errc::kHeaderMismatch, "method",
                [](ZipPlan& p) { p.entries[2].local.method = std::uint16_t{0}; }},
        Refused{"OtherLocalFlags", Errc::kHeaderMismatch, "flags",
                [](ZipPlan& p) { p.entries[2].local.flags = std::uint16_t{2}; }},
        Refused{"OtherLocalTime", Errc::kHeaderMismatch, "time",
                [](ZipPlan& p) { p.entries[2].local.time = 1U; }},
        Refused{"OtherLocalChecksum", Errc::kHeaderMismatch, "checksum",
                [](ZipPlan& p) { p.entries[2].local.crc32 = 1U; }},
        Refused{"OtherLocalSize", Errc::kHeaderMismatch, "another size",
                [](ZipPlan& p) { p.entries[2].local.size = 1U; }},
        Refused{"OtherLocalStoredSize", Errc::kHeaderMismatch, "compressed size",
                [](ZipPlan& p) { p.entries[2].local.stored_size = 1U; }},
        Refused{"NoNumbersAndNoDescriptor", Errc::kHeaderMismatch, "checksum",
                [](ZipPlan& p) {
                  p.entries[2].local.crc32 = p.entries[2].local.size =
                      p.entries[2].local.stored_size = 0U;
                }},
        Refused{"DescriptorThatDisagrees", Errc::kHeaderMismatch, "data descriptor disagrees",
                [](ZipPlan& p) {
                  describe_afterwards(p.entries[2], true, 4);
                  p.entries[2].after[5] ^= 1;
                }},
        Refused{"DescriptorWithAnotherSignature", Errc::kHeaderMismatch,
                "data descriptor disagrees",
                [](ZipPlan& p) {
                  describe_afterwards(p.entries[2], true, 8);
                  p.entries[2].after[0] = 'Q';
                }},
        Refused{"DescriptorThatIsNotThere", Errc::kHeaderMismatch, "there is none",
                [](ZipPlan& p) { p.entries[2].both.flags = kDescriptor; }},
        Refused{"NumbersBeforeThatDisagree", Errc::kHeaderMismatch, "another size",
                [](ZipPlan& p) {
                  describe_afterwards(p.entries[2], true, 4);
                  p.entries[2].local.size = 17U;
                }},
        Refused{"MoreThanADescriptor", Errc::kNotTiled, "data descriptor of at most 24",
                [](ZipPlan& p) {
                  describe_afterwards(p.entries[2], true, 8);
                  p.entries[2].after += "evil";
                }},
        Refused{"DescriptorUnannounced", Errc::kNotTiled, "16 bytes follow",
                [](ZipPlan& p) { p.entries[2].after = descriptor(p.entries[2], true, 4); }},
        Refused{"Gap", Errc::kNotTiled, "3 bytes follow",
                [](ZipPlan& p) { p.entries[2].before = "gap"; }},
        Refused{"Overlap", Errc::kNotTiled, "reaches beyond",
                [](ZipPlan& p) { p.entries[1].both.stored_size = p.entries[1].both.size = 200U; }},
        Refused{"TwoRecordsAtOnePlace", Errc::kNotTiled, "reaches beyond",
                [](ZipPlan& p) {
                  p.entries[2].name = "pkg/__init_2.py";
                  p.entries[2].central.offset = 34U;
                }},
        Refused{"Orphan", Errc::kNotTiled, "belong to no member",
                [](ZipPlan& p) {
                  p.entries.insert(p.entries.begin() + 2, {.name = "evil.py", .content = "evil"});
                  p.entries[2].in_directory = false;
                }},
        Refused{"BytesBehindTheMembers", Errc::kNotTiled, "belong to no member",
                [](ZipPlan& p) { p.after_members = "PK\6\x08" + little_endian(0, 4); }},
        Refused{"BytesBehindTheArchive", Errc::kTrailingBytes, "4 bytes follow",
                [](ZipPlan& p) { p.trailing = "evil"; }},
        Refused{"CommentCutOff", Errc::kTrailingBytes, "cut off",
                [](ZipPlan& p) {
                  p.comment = "hello";
                  p.comment_size = std::uint16_t{6};
                }},
        Refused{"ArchiveInTheComment", Errc::kTrailingBytes, "two records claim to be the end",
                [](ZipPlan& p) { p.comment = "x" + build_zip({}); }},
        Refused{"BeginningOfAnEndInTheComment", Errc::kTrailingBytes, "looks like another",
                [](ZipPlan& p) { p.comment = "x PK\5\6 x"; }},
        Refused{"Encrypted", Errc::kBadFlags, "encrypted",
                [](ZipPlan& p) { p.entries[1].both.flags = std::uint16_t{1}; }},
        Refused{"EncryptedWithAes", Errc::kBadFlags, "encrypted",
                [](ZipPlan& p) { p.entries[1].both.extra = extra_field(kZipExtraAes, "1234567"); }},
        Refused{"Patch", Errc::kBadFlags, "patch",
                [](ZipPlan& p) { p.entries[1].both.flags = std::uint16_t{0x20}; }},
        Refused{"UnknownFlag", Errc::kBadFlags, "flags 128",
                [](ZipPlan& p) { p.entries[1].both.flags = std::uint16_t{0x80}; }},
        Refused{"Deflate64", Errc::kBadMethod, "compression method 9",
                [](ZipPlan& p) { p.entries[2].both.method = std::uint16_t{9}; }},
        Refused{"Link", Errc::kBadMode, "symbolic link",
                [](ZipPlan& p) { p.entries[1].central.attributes = 0120777U << kZipModeShift; }},
        Refused{"Device", Errc::kBadMode, "device",
                [](ZipPlan& p) { p.entries[1].central.attributes = 0020666U << kZipModeShift; }},
        Refused{"FileThatIsADirectory", Errc::kBadMode, "MS-DOS",
                [](ZipPlan& p) { p.entries[1].central.attributes = kFileMode | kZipDosDirectory; }},
        Refused{"DirectoryThatIsAFile", Errc::kBadMode, "directory by its name",
                [](ZipPlan& p) { p.entries[0].central.attributes = kFileMode; }},
        Refused{"OtherNameInAnExtraField", Errc::kBadRecord, "another name, 'evil.py'",
                [](ZipPlan& p) {
                  p.entries[1].both.extra =
                      extra_field(kZipExtraUnicodePath, "\1" + little_endian(0, 4) + "evil.py");
                }},
        Refused{"ExtraFieldsThatDoNotAddUp", Errc::kBadRecord, "longer than all of them",
                [](ZipPlan& p) {
                  p.entries[1].both.extra = little_endian(0x5455, 2) + little_endian(9, 2) + "x";
                }},
        Refused{"TwoZip64Fields", Errc::kBadZip64, "two zip64",
                [](ZipPlan& p) {
                  p.entries[1].central.extra = zip64_of({10, 10}) + zip64_of({10, 10});
                }},
        Refused{"Zip64ThatDisagrees", Errc::kBadZip64, "contradicts",
                [](ZipPlan& p) { p.entries[1].central.extra = zip64_of({10, 11}); }},
        Refused{"LocalZip64ThatDisagrees", Errc::kHeaderMismatch, "another size",
                [](ZipPlan& p) {
                  p.entries[1].local.size = p.entries[1].local.stored_size = kZipSaturated32;
                  p.entries[1].local.extra = zip64_of({11, 10});
                }},
        Refused{"Zip64Missing", Errc::kBadZip64, "missing",
                [](ZipPlan& p) { p.entries[1].central.size = kZipSaturated32; }},
        Refused{"Zip64RecordsThatDisagree", Errc::kBadZip64, "contradicts the end record",
                [](ZipPlan& p) {
                  p.zip64 = Zip64Fields{};
                  p.zip64->count = p.zip64->count_here = 3;
                }},
        Refused{"Zip64RecordElsewhere", Errc::kBadZip64, "does not point",
                [](ZipPlan& p) {
                  p.zip64 = Zip64Fields{};
                  p.zip64->record_offset = 1;
                }},
        Refused{"Backslash", Errc::kBadName, "backslash",
                [](ZipPlan& p) { p.entries[1].name = "pkg\\m.py"; }},
        Refused{"Climbing", Errc::kBadName, "'..'",
                [](ZipPlan& p) { p.entries[1].name = "../m.py"; }},
        Refused{"SeveralVolumes", Errc::kMultiDisk, "volume 1",
                [](ZipPlan& p) { p.entries[1].central.disk = std::uint16_t{1}; }},
        Refused{"StoredWithTwoSizes", Errc::kBadRecord, "two sizes",
                [](ZipPlan& p) { p.entries[1].both.size = 9U; }}),
    NameOfCase());

// Made by bz2.compress and by zipfile's LZMA compressor.
const std::string kText = [] {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "import os\n";
  return text;
}();
constexpr std::string_view kBzip2(
    "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x56\xda\x46\xb9\x00\x00\x1d\xd1\x80\x00\x10\x40\x00"
    "\x00\x22\xdc\x00\x20\x00\x31\x06\x4c\x40\x52\xa2\x34\xf4\x98\x4e\x93\x64\xf4\x98\x4e\x13\xe2"
    "\x60\x9d\x27\xe2\xee\x48\xa7\x0a\x12\x0a\xdb\x48\xd7\x20",
    60);
constexpr std::string_view kLzma(
    "\x09\x04\x05\x00\x5d\x00\x00\x80\x00\x00\x34\x9b\x4a\x67\xb8\x52\x3c\x73\xed\x34\x57\xfc\x94"
    "\xd4\xa3\x23\xff\xff\xfb\x7d\xc0\x00",
    32);

ZipPlan compressed(std::uint16_t method, std::string_view stored, std::uint16_t flags) {
  ZipPlan plan;
  plan.entries = {{.name = "m.py", .content = kText, .stored = std::string(stored)}};
  plan.entries[0].both.method = method;
  plan.entries[0].both.flags = flags;
  return plan;
}

TEST(LenientZip, DeflatesWhatOthersCompressOtherwise) {
  for (const auto& [plan, sentence] : {std::pair(compressed(12, kBzip2, 0), "bzip2"),
                                       std::pair(compressed(14, kLzma, 2), "lzma")}) {
    const auto zip = open_lenient(build_zip(plan));
    ASSERT_TRUE(zip.ok()) << zip.status().what();
    EXPECT_THAT(zip->vanishing, ElementsAre(HasSubstr(sentence)));
    EXPECT_EQ(lenient_content(*zip->container, "m.py"), kText);
    const StoredMember member = zip->container->read_packed("m.py").value();
    EXPECT_EQ(member.packed.method, Method::kDeflate);
    EXPECT_EQ(member.packed.crc32, checksum(bytes_of(kText)));
    EXPECT_EQ(text_of(member.content()), kText);
    std::string again(kText.size(), '\0');
    EXPECT_TRUE(unpack_into(Method::kDeflate, std::as_const(member.packed.bytes).bytes(),
                            member.packed.crc32,
                            {reinterpret_cast<std::byte*>(again.data()), again.size()})
                    .ok());
    EXPECT_EQ(again, kText);
  }
}

TEST(LenientZip, DecodesToTheDeclaredBytesOrFails) {
  for (const auto& [method, stored] : {std::pair(std::uint16_t{12}, kBzip2), {14, kLzma}}) {
    for (std::size_t i = 0; i < stored.size(); ++i) {
      std::string changed(stored);
      changed[i] = static_cast<char>(changed[i] ^ 0x10);
      const auto zip = open_lenient(build_zip(compressed(method, changed, method == 14 ? 2 : 0)));
      ASSERT_TRUE(zip.ok());
      const auto content = zip->container->read("m.py");
      // The version, and the size of the dictionary that the encoder had, are without effect.
      if (!content.ok()) continue;
      EXPECT_EQ(text_of(content->bytes()), kText) << i;
    }
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{3}, std::size_t{8}, std::size_t{20}}) {
      const auto zip =
          open_lenient(build_zip(compressed(method, stored.substr(0, size), method == 14 ? 2 : 0)));
      EXPECT_EQ(zip->container->read("m.py").code(), Errc::kCorruptMember) << size;
    }
    for (const std::size_t size : {kText.size() - 1, kText.size() + 1}) {
      ZipPlan plan = compressed(method, stored, method == 14 ? 2 : 0);
      plan.entries[0].both.size = static_cast<std::uint32_t>(size);
      EXPECT_EQ(open_lenient(build_zip(plan))->container->read_packed("m.py").code(),
                Errc::kCorruptMember);
    }
  }
}

TEST(LenientZip, TakesTheLastOfWhatIsWrittenAnew) {
  ZipPlan plan = ordinary_zip();
  for (const char* text : {"first", "second"}) {
    plan.entries.push_back({.name = "manifest.txt", .content = text});
  }
  const auto zip = open_lenient(build_zip(plan));
  ASSERT_TRUE(zip.ok()) << zip.status().what();
  EXPECT_EQ(lenient_content(*zip->container, "manifest.txt"), "second");
  EXPECT_THAT(zip->repeated, ElementsAre("manifest.txt"));
  EXPECT_THAT(zip->vanishing, ElementsAre(HasSubstr("1 older copy")));
}

TEST(LenientZip, KeepsBytesInFrontWhereverOffsetsCountFrom) {
  for (const bool from_start : {true, false}) {
    ZipPlan plan = ordinary_zip();
    plan.prefix = "#!/usr/bin/python\n";
    plan.offsets_from_start = from_start;
    const auto zip = open_lenient(build_zip(plan));
    ASSERT_TRUE(zip.ok()) << zip.status().what();
    EXPECT_EQ(zip->container->prefix_bytes(), plan.prefix.size());
    EXPECT_EQ(lenient_content(*zip->container, "pkg/__init__.py"), "import os\n");
  }
}

TEST(LenientZip, KeepsTheLimits) {
  const auto code = [](const ZipPlan& plan, const Limits& limits) {
    return open_lenient(build_zip(plan), limits).status();
  };
  Limits limits;
  limits.member_bytes = 500;
  EXPECT_EQ(code(ordinary_zip(), limits).limit(), "member_bytes");
  limits = {};
  limits.total_bytes = 1500;
  EXPECT_EQ(code(ordinary_zip(), limits).limit(), "total_bytes");
  limits = {};
  limits.members = 3;
  EXPECT_EQ(code(ordinary_zip(), limits).limit(), "members");
  limits = {};
  limits.ratio = 2;
  EXPECT_EQ(code(compressed(12, kBzip2, 0), limits).limit(), "ratio");
  ZipPlan plan;
  plan.entries = {{.name = "d/", .content = std::string(600, 'x')}};
  limits = {};
  limits.member_bytes = 500;
  EXPECT_EQ(code(plan, limits).limit(), "member_bytes") << "of a directory, too";
}

TEST(LenientZip, SaysWhatToDo) {
  ZipPlan plan = ordinary_zip();
  plan.trailing = "evil";
  const std::string bytes = build_zip(plan);
  EXPECT_THAT(open_lenient(bytes).status().advice(),
              HasSubstr("head -c " + std::to_string(bytes.size() - 4)));
  plan = ordinary_zip();
  plan.entries[1].both.flags = std::uint16_t{1};
  EXPECT_THAT(open_lenient(build_zip(plan)).status().advice(), HasSubstr("password"));
  plan = ordinary_zip();
  plan.entries[2].before = "gap";
  EXPECT_THAT(open_lenient(build_zip(plan)).status().advice(), HasSubstr("unzip ARCHIVE"));
}

TEST(LenientZip, TellsAbsenceFromOtherFailures) {
  const std::string bytes = build_zip(ordinary_zip());
  EXPECT_EQ(open_lenient(bytes)->container->read("none").code(), Errc::kNotFound);
  EXPECT_EQ(open_lenient("no zip at all").code(), Errc::kNotAnArchive);
  for (std::size_t fails_at = 0;; ++fails_at) {
    const auto source = std::make_shared<FailingSource>(bytes, fails_at);
    const auto zip = open_lenient_zip(source, "a.zip", {}, kRewritten);
    if (zip.ok()) {
      EXPECT_GT(fails_at, ordinary_zip().entries.size());
      break;
    }
    EXPECT_EQ(zip.code(), Errc::kIo);
  }
}

}  // namespace
}  // namespace signedvfs
