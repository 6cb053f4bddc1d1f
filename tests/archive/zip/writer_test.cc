#include "archive/zip/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "archive/zip/archive.h"
#include "archive/zip/directory.h"
#include "archive/zip/format.h"
#include "support/failing_source.h"
#include "support/zip_builder.h"

namespace signedvfs {
namespace {

struct Content {
  std::string name;
  std::string content;
  Method method = Method::kStored;
};

Packed packed(const Content& member) {
  return pack_member(bytes_of(member.content), member.method).value();
}

// written returns the archive, or throws what failed as text.
std::string written(const std::vector<Content>& members, const std::string& prefix = "") {
  std::string bytes = prefix;
  ZipWriter writer(
      [&](std::span<const std::byte> piece) {
        bytes += text_of(piece);
        return Status();
      },
      prefix.size());
  for (const Content& member : members) {
    if (Status added = writer.add(member.name, packed(member)); !added.ok()) throw added;
  }
  if (Status finished = std::move(writer).finish(); !finished.ok()) throw finished;
  return bytes;
}

std::unique_ptr<const Container> reopened(const std::string& bytes) {
  return open_zip(std::make_unique<MemorySource>(bytes), "app.zip", Limits{}).value();
}

const std::vector<Content> kMembers{{"pkg/__init__.py", ""},
                                    {"pkg/a.txt", std::string(5000, 'a'), Method::kDeflate},
                                    {"pkg/b.txt", std::string(5000, 'b'), Method::kZstd},
                                    {"caf\xc3\xa9", "caf\xc3\xa9"}};

TEST(ZipWriter, WritesWhatTheReaderReads) {
  const auto zip = reopened(written(kMembers));
  EXPECT_EQ(zip->member_count(), kMembers.size());
  EXPECT_EQ(zip->prefix_bytes(), 0U);
  for (const Content& member : kMembers) {
    const auto content = zip->read(member.name);
    ASSERT_TRUE(content.ok()) << content.status().what();
    EXPECT_EQ(text_of(content->bytes()), member.content);
    const auto stored = zip->read_packed(member.name);
    EXPECT_EQ(stored->packed.method, packed(member).method);
  }
}

TEST(ZipWriter, WritesTheSameBytesForTheSameMembers) {
  EXPECT_EQ(written(kMembers), written(kMembers));
}

// What an archive looks like is a promise: any change here changes everybody's archives.
TEST(ZipWriter, WritesCanonically) {
  EXPECT_EQ(written({{"a.py", "x"}}),
            build_zip({.entries = {{.name = "a.py", .content = "x"}}})
                .replace(30 + 4 + 1 + 4, 1, 1, kZipVersionZstd));  // made by
}

TEST(ZipWriter, CountsOffsetsFromTheStartOfTheFile) {
  const std::string prefix(1000, '#');
  const std::string bytes = written(kMembers, prefix);
  const auto zip = reopened(bytes);
  EXPECT_EQ(zip->prefix_bytes(), prefix.size());
  EXPECT_EQ(bytes.substr(bytes.find("PK\1\2") + 42, 4), little_endian(prefix.size(), 4));
  EXPECT_TRUE(zip->read("pkg/a.txt").ok());
}

TEST(ZipWriter, WritesAnEmptyArchive) {
  EXPECT_EQ(written({}), "PK\5\6" + std::string(18, '\0'));
  EXPECT_EQ(reopened(written({}))->member_count(), 0U);
}

// A13, F5: zip64 records exactly where the count needs them
TEST(ZipWriter, WritesZip64RecordsWhereTheCountNeedsThem) {
  std::vector<Content> members;
  for (int i = 0; i < 65'534; ++i) members.push_back({"m" + std::to_string(i), ""});
  EXPECT_EQ(written(members).find("PK\6\6"), std::string::npos);
  members.push_back({"another", "content"});
  const std::string large = written(members);
  EXPECT_NE(large.find("PK\6\6"), std::string::npos);
  const auto zip = reopened(large);
  EXPECT_EQ(zip->member_count(), 65'535U);
  EXPECT_EQ(zip->size_of("another"), 7U);
}

// A13: zip64 fields where an offset needs them, behind a prefix of more than 4 GiB
TEST(ZipWriter, WritesZip64FieldsWhereAnOffsetNeedsThem) {
  constexpr std::uint64_t kFar = 0x1'2345'6789;
  std::string bytes;
  ZipWriter writer(
      [&](std::span<const std::byte> piece) {
        bytes += text_of(piece);
        return Status();
      },
      kFar);
  ASSERT_TRUE(writer.add("far.txt", packed({"far.txt", "far"})).ok());
  ASSERT_TRUE(std::move(writer).finish().ok());
  // FarSource has the archive behind that many zeros.
  class FarSource final : public ByteSource {
   public:
    explicit FarSource(const std::string& bytes) : bytes_(bytes) {}
    std::uint64_t size() const noexcept override { return kFar + bytes_.size(); }
    Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
      if (offset < kFar) return {Errc::kIo, "the prefix is never read"};
      return bytes_.copy_out(offset - kFar, dst);
    }

   private:
    MemorySource bytes_;
  };
  const auto zip = open_zip(std::make_unique<FarSource>(bytes), "far.zip", Limits{});
  ASSERT_TRUE(zip.ok()) << zip.status().what();
  EXPECT_EQ((*zip)->prefix_bytes(), kFar);
  EXPECT_EQ(text_of((*zip)->read("far.txt")->bytes()), "far");
}

ZipWriter writer_to_nowhere() {
  return ZipWriter([](auto) { return Status(); }, 0);
}

TEST(ZipWriter, RefusesNamesThatTheReaderRefuses) {
  ZipWriter writer = writer_to_nowhere();
  for (const char* name : {"", "../a", "a\\b", "a/", "/a", "a\nb"}) {
    EXPECT_EQ(writer.add(name, packed({"", "x"})).code(), Errc::kBadName) << name;
  }
}

TEST(ZipWriter, RefusesNamesThatConflict) {
  ZipWriter writer = writer_to_nowhere();
  ASSERT_TRUE(writer.add("a", packed({"", "x"})).ok());
  ASSERT_TRUE(writer.add("A", packed({"", "x"})).ok());
  EXPECT_EQ(std::move(writer).finish().code(), Errc::kDuplicateName);
  ZipWriter other = writer_to_nowhere();
  ASSERT_TRUE(other.add("a/b", packed({"", "x"})).ok());
  ASSERT_TRUE(other.add("a", packed({"", "x"})).ok());
  EXPECT_EQ(std::move(other).finish().code(), Errc::kFileAndDirectory);
}

TEST(ZipWriter, RefusesContradictions) {
  Packed member = packed({"", "content"});
  member.size = 3;
  EXPECT_EQ(writer_to_nowhere().add("a", member).code(), Errc::kUsage);
}

ZipWriter writer_into(std::string& bytes, const Limits& limits = {}) {
  return ZipWriter(
      [&bytes](std::span<const std::byte> piece) {
        bytes += text_of(piece);
        return Status();
      },
      bytes.size(), limits);
}

TEST(ZipWriter, WritesDirectoriesThatAreNoMembers) {
  std::string bytes = "#!x\n";
  ZipWriter writer = writer_into(bytes);
  EXPECT_TRUE(writer.add_directory("pkg").ok());
  EXPECT_TRUE(writer.add_directory("pkg/caf\xc3\xa9").ok());
  EXPECT_TRUE(writer.add("pkg/caf\xc3\xa9/m.py", packed({"", "x = 1\n"})).ok());
  ASSERT_TRUE(std::move(writer).finish().ok());
  const MemorySource source(bytes);
  const ZipDirectory directory = ZipDirectory::read(source, {}).value();
  EXPECT_EQ(directory.members().size(), 1U);
  EXPECT_EQ(directory.begin(), 4U);
  ASSERT_EQ(directory.directories().size(), 2U);
  for (const ZipDirectoryEntry& entry : directory.directories()) {
    EXPECT_TRUE(check_directory_entry(source, entry).ok()) << entry.record.name;
  }
  EXPECT_EQ(reopened(bytes)->read("pkg/caf\xc3\xa9/").code(), Errc::kNotFound);
  EXPECT_TRUE(reopened(bytes)->check_directory_entries().ok());
}

TEST(ZipWriter, WritesNoDirectoryThatNothingLiesIn) {
  std::string bytes;
  ZipWriter empty = writer_into(bytes);
  EXPECT_TRUE(empty.add_directory("pkg").ok());
  EXPECT_TRUE(empty.add("m.py", packed({"", ""})).ok());
  EXPECT_EQ(std::move(empty).finish().code(), Errc::kBadRecord);
  ZipWriter twice = writer_into(bytes);
  EXPECT_TRUE(twice.add_directory("pkg").ok());
  EXPECT_TRUE(twice.add_directory("pkg").ok());
  EXPECT_TRUE(twice.add("pkg/m.py", packed({"", ""})).ok());
  EXPECT_EQ(std::move(twice).finish().code(), Errc::kDuplicateName);
  EXPECT_EQ(writer_to_nowhere().add_directory("pkg/").code(), Errc::kBadName);
  EXPECT_EQ(writer_to_nowhere().add_directory("..").code(), Errc::kBadName);
}

TEST(ZipWriter, CountsDirectoriesAsItsReaderDoes) {
  std::string bytes;
  Limits limits;
  limits.members = 2;
  ZipWriter writer = writer_into(bytes, limits);
  EXPECT_TRUE(writer.add_directory("a").ok());
  EXPECT_TRUE(writer.add("a/m.py", packed({"", ""})).ok());
  EXPECT_EQ(writer.add_directory("b").limit(), "members");
  EXPECT_TRUE(std::move(writer).finish().ok());
  EXPECT_TRUE(ZipDirectory::read(MemorySource(bytes), limits).ok());
}

// F7: whatever write fails, the failure stays, and no end record follows
TEST(ZipWriter, FailsForGoodWhenTheSinkFails) {
  for (int fails_at = 0; fails_at < 5; ++fails_at) {
    int writes = 0;
    std::string bytes;
    ZipWriter writer(
        [&](std::span<const std::byte> piece) {
          if (writes++ == fails_at) return Status(Errc::kIo, "disk full");
          bytes += text_of(piece);
          return Status();
        },
        0);
    Status first = writer.add("a", packed({"", "a"}));
    Status second = writer.add("b", packed({"", "b"}));
    const Status last = std::move(writer).finish();
    EXPECT_EQ(last.code(), Errc::kIo);
    EXPECT_EQ(first.ok(), fails_at >= 2);
    EXPECT_EQ(second.ok(), fails_at >= 4);
    EXPECT_EQ(bytes.find("PK\5\6"), std::string::npos);
  }
}

}  // namespace
}  // namespace signedvfs
