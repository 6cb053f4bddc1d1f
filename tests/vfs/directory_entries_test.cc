// Entries for directories: nobody has signed them, they are no members, and nothing hides in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "archive/zip/archive.h"
#include "archive/zip/writer.h"
#include "tests/support/index.h"
#include "tests/support/zip_builder.h"
#include "tests/support/zip_text.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

const Members kFilesBelow{{"a/b/m.py", "x = 1\n"}, {"a/n.py", "y = 1\n"}, {"z.py", "z = 1\n"}};

std::string listed_zip() {
  NamedContents all(kFilesBelow.begin(), kFilesBelow.end());
  all.emplace_back(kManifestName, manifest_for(kFilesBelow));
  return zip_of(all, Method::kStored, {}, Entries::kWritten);
}

std::string indexed_zip() { return indexed_zip_of(kFilesBelow, {.entries = Entries::kWritten}); }

void expect_files(const SignedVfs& vfs) {
  EXPECT_EQ(vfs.listing().size(), kFilesBelow.size());
  for (const auto& [name, content] : kFilesBelow) EXPECT_EQ(content_of(vfs, name), content);
  for (const char* name : {"a/", "a/b/", "a", "a/b"}) {
    EXPECT_EQ(vfs.read(name).code(), Errc::kNotFound) << name;
  }
}

class DirectoryEntries : public testing::TestWithParam<bool> {
 protected:
  std::string archive() const { return GetParam() ? indexed_zip() : listed_zip(); }
};

INSTANTIATE_TEST_SUITE_P(Kinds, DirectoryEntries, testing::Bool());

TEST_P(DirectoryEntries, AreNoMembers) {
  const auto vfs = expect(opened(archive()));
  EXPECT_EQ(vfs->has_index(), GetParam());
  expect_files(*vfs);
  EXPECT_TRUE(vfs->verify_all().ok());
}

TEST_P(DirectoryEntries, AreCheckedToTheLastByte) {
  const std::string genuine = archive();
  std::size_t checked = 0;
  for (const std::string name : {"a", "a/b"}) {
    const std::size_t at = genuine.find("PK\3\4") == 0 && name == "a" ? 0 : 32;
    const DirectoryHeaders headers = directory_headers(name, at);
    for (const std::string& header : {headers.local, headers.central}) {
      const std::size_t begin = genuine.find(header);
      ASSERT_NE(begin, std::string::npos) << name;
      for (std::size_t i = begin; i < begin + header.size(); ++i, ++checked) {
        for (const unsigned flip : {0x01U, 0x20U, 0x80U}) {
          std::string changed = genuine;
          changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ flip);
          const auto vfs = opened(changed);
          if (!vfs.ok()) continue;
          expect_files(**vfs);
          EXPECT_FALSE((*vfs)->verify_all().ok()) << name << ", byte " << i - begin;
        }
      }
    }
  }
  EXPECT_EQ(checked, 2 * (30 + 46) + 2 * 2 + 2 * 4);
}

TEST_P(DirectoryEntries, AreNotThereInOldArchives) {
  NamedContents all(kFilesBelow.begin(), kFilesBelow.end());
  all.emplace_back(kManifestName, manifest_for(kFilesBelow));
  const auto vfs = expect(opened(GetParam() ? indexed_zip_of(kFilesBelow) : zip_of(all)));
  expect_files(*vfs);
  EXPECT_TRUE(vfs->verify_all().ok());
}

// plan_of returns the archive as a plan that can be changed.
ZipPlan plan_of(const std::string& directory = "a/") {
  ZipPlan plan;
  plan.entries.push_back({.name = directory});
  for (const auto& [name, content] : kFilesBelow) {
    plan.entries.push_back({.name = name, .content = content});
  }
  plan.entries.push_back(
      {.name = std::string(kManifestName), .content = manifest_for(kFilesBelow)});
  return plan;
}

TEST(ForeignDirectoryEntries, AreReadButNotVerifiedWhereTheyDiffer) {
  // Whoever put the archive together with another tool can import from it. `verify` accounts for
  // every byte, and nobody has signed these.
  ZipPlan plan = plan_of();
  plan.entries[0].both.time = 0x5a5a5a5aU;
  const auto vfs = expect(opened(build_zip(plan)));
  expect_files(*vfs);
  const Status verified = vfs->verify_all();
  EXPECT_EQ(verified.code(), Errc::kBadRecord);
  EXPECT_THAT(verified.what(), HasSubstr("'a/'"));
  plan = plan_of();
  plan.entries[0].both.extra = extra_field(0x5455, "smuggled");
  EXPECT_EQ(expect(opened(build_zip(plan)))->verify_all().code(), Errc::kBadRecord);
}

TEST(ForeignDirectoryEntries, AreRefusedWhereNothingThatIsListedLiesInThem) {
  EXPECT_EQ(opened(build_zip(plan_of("other/"))).code(), Errc::kBadRecord);
  ZipPlan plan = plan_of();
  plan.entries[0].content = "content";
  EXPECT_EQ(opened(build_zip(plan)).code(), Errc::kBadRecord);
  plan = plan_of();
  plan.entries[0].both.flags = std::uint16_t{8};
  EXPECT_EQ(opened(build_zip(plan)).code(), Errc::kBadFlags);
  plan = plan_of();
  plan.entries.push_back({.name = "a/"});
  std::swap(plan.entries.back(), plan.entries[plan.entries.size() - 2]);
  EXPECT_EQ(opened(build_zip(plan)).code(), Errc::kDuplicateName);
}

TEST(IndexedDirectoryEntries, StandWhereSigningPutsThem) {
  // The same entries, but all of them in front: members stand elsewhere than the index says.
  const auto written = [](const std::vector<std::string>& first) {
    std::string out;
    ZipWriter writer(
        [&out](std::span<const std::byte> bytes) {
          out += text_of(bytes);
          return Status();
        },
        0);
    const std::string genuine = indexed_zip();
    const auto container = expect(open_zip(std::make_shared<MemorySource>(genuine), "a.zip", {}));
    for (const std::string& name : first) EXPECT_TRUE(writer.add_directory(name).ok());
    for (const std::string name :
         {"a/b/m.py", "a/n.py", "z.py", "signedimp-manifest.txt", "signedvfs-index.bin"}) {
      EXPECT_TRUE(writer.add(name, expect(container->read_packed(name)).packed).ok());
    }
    EXPECT_TRUE(std::move(writer).finish().ok());
    return out;
  };
  EXPECT_EQ(written({"a", "a/b"}), indexed_zip()) << "the order is the right one";
  for (const std::vector<std::string>& first :
       {std::vector<std::string>{"a/b", "a"}, {"a"}, {"a/b"}}) {
    const auto vfs = opened(written(first));
    if (!vfs.ok()) continue;
    EXPECT_FALSE((*vfs)->verify_all().ok());
  }
}

TEST(IndexedDirectoryEntries, MayBeMoreThanTheMembers) {
  Members deep;
  std::string path;
  for (int i = 0; i < 300; ++i) path += "d" + std::to_string(i % 10) + "/";
  deep[path.substr(0, 900) + "m.py"] = "x = 1\n";
  const auto vfs = expect(opened(indexed_zip_of(deep, {.entries = Entries::kWritten})));
  const Status verified = vfs->verify_all();
  EXPECT_TRUE(verified.ok()) << verified.what();
}

}  // namespace
}  // namespace signedvfs
