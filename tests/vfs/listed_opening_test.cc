// What is looked at before a manifest has been checked, and what after it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/failing_source.h"
#include "tests/support/foreign_builder.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_builder.h"
#include "tests/support/zip_text.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

const Members kListed{{"app.py", "x = 1\n"}, {"pkg/m.py", "y = 2\n"}};
constexpr std::size_t kListedMegabyte = std::size_t{1} << 20U;

// ForeignPacking names a format and its compression.
struct ForeignPacking {
  const char* format;
  const char* filter;
};
void PrintTo(const ForeignPacking& kind, std::ostream* out) {
  *out << kind.format << '.' << kind.filter;
}

using ListedEntries = std::vector<ForeignEntry>;

ForeignEntry manifest_entry() { return {std::string(kManifestName), manifest_for(kListed)}; }

// entries returns the genuine archive, with its manifest first.
ListedEntries listed_entries() {
  ListedEntries out{manifest_entry()};
  for (const auto& [name, content] : kListed) out.push_back({name, content});
  return out;
}

class EveryForeignFormat : public testing::TestWithParam<ForeignPacking> {
 protected:
  Result<std::shared_ptr<const SignedVfs>> open(const ListedEntries& archive,
                                                const Limits& limits = {}) {
    const std::string path = directory_.write(
        "app.archive", build_foreign(GetParam().format, GetParam().filter, archive));
    return SignedVfs::open(path, Trust(trusting(), limits));
  }

  Status refusal(const std::function<void(ListedEntries&)>& change) {
    ListedEntries archive = listed_entries();
    change(archive);
    auto opened = open(archive);
    return opened.ok() ? Status() : std::move(opened).status();
  }

  // libarchive gives a 7z archive's directories behind its files, wherever they stand.
  static bool directories_come_last() { return std::string_view(GetParam().format) == "7zip"; }

  TemporaryDirectory directory_;
};

TEST_P(EveryForeignFormat, GivesTheSignedBytes) {
  const auto vfs = expect(open(listed_entries()));
  EXPECT_TRUE(vfs->verify_all().ok());
  const VerifiedBytes bytes = expect(vfs->read("app.py"));
  EXPECT_EQ(text_of(bytes.bytes()), "x = 1\n");
}

TEST_P(EveryForeignFormat, WantsTheManifestFirst) {
  const Status last = refusal([](ListedEntries& all) { std::swap(all.front(), all.back()); });
  EXPECT_EQ(last.code(), Errc::kNoManifest);
  EXPECT_THAT(last.what(), HasSubstr("the first member is 'pkg/m.py'"));
  const Status none = refusal([](ListedEntries& all) { all.erase(all.begin()); });
  EXPECT_EQ(none.code(), Errc::kNoManifest);
  if (directories_come_last()) return;
  const Status directory =
      refusal([](ListedEntries& all) { all.insert(all.begin(), {"pkg/", "", 040755}); });
  EXPECT_EQ(directory.code(), Errc::kNoManifest);
}

// An unsigned bomb, and one behind a genuine manifest from elsewhere.
TEST_P(EveryForeignFormat, StopsAtWhatNobodySigned) {
  const std::string zeros(8 * kListedMegabyte, '\0');
  EXPECT_EQ(refusal([&](ListedEntries& all) { all = {{"evil.py", zeros}}; }).code(),
            Errc::kNoManifest);
  const Status replayed =
      refusal([&](ListedEntries& all) { all.insert(all.begin() + 1, {"evil.py", zeros}); });
  EXPECT_EQ(replayed.code(), Errc::kUnlistedMember);
  EXPECT_EQ(replayed.member(), "evil.py");
  EXPECT_EQ(refusal([](ListedEntries& all) {
              all.insert(all.begin() + 1, {"evil/", "", 040755});
            }).code(),
            Errc::kUnlistedMember);
}

TEST_P(EveryForeignFormat, ComparesEachMemberAsItComes) {
  const Status changed = refusal([](ListedEntries& all) {
    all[1].content = "x = 6\n";
    all[2].name = "../never/reached.py";
  });
  EXPECT_EQ(changed.code(), Errc::kDigestMismatch);
  EXPECT_EQ(changed.member(), "app.py");
  EXPECT_EQ(refusal([](ListedEntries& all) { all.pop_back(); }).code(), Errc::kMissingMember);
}

// What is genuine can be repeated a million times as well.
TEST_P(EveryForeignFormat, TakesNothingTwice) {
  EXPECT_EQ(refusal([](ListedEntries& all) {
              all.push_back(all[1]);
              all.push_back({"../never/reached.py", ""});
            }).code(),
            Errc::kDuplicateName);
  EXPECT_EQ(refusal([](ListedEntries& all) { all.push_back(all[0]); }).code(),
            Errc::kUnlistedMember);
  if (directories_come_last()) return;
  EXPECT_EQ(refusal([](ListedEntries& all) {
              for (int i = 0; i < 5; ++i) all.push_back({"pkg/", "", 040755});
              all.push_back({"../never/reached.py", ""});
            }).code(),
            Errc::kUnlistedMember);
}

TEST_P(EveryForeignFormat, BoundsTheManifestBeforeDecodingIt) {
  Limits limits;
  limits.manifest_bytes = 1000;
  ListedEntries archive = listed_entries();
  archive[0].content.resize(1001, 'x');
  const auto refused = open(archive, limits);
  EXPECT_EQ(refused.code(), Errc::kTooLarge);
  EXPECT_EQ(refused.status().limit(), "manifest_bytes");
}

// What was signed counts as declared.
TEST_P(EveryForeignFormat, MayExceedTheRatioOnceItIsSigned) {
  const Members members{{"zeros.bin", std::string(4 * kListedMegabyte, '\0')}};
  const ListedEntries archive{{std::string(kManifestName), manifest_for(members)},
                              {"zeros.bin", members.at("zeros.bin")}};
  Limits limits;
  limits.ratio = 2;
  EXPECT_TRUE(expect(open(archive, limits))->verify_all().ok());
  limits.total_bytes = 4 * kListedMegabyte;
  EXPECT_EQ(open(archive, limits).status().limit(), "total_bytes");
  limits.member_bytes = kListedMegabyte;
  EXPECT_EQ(open(archive, limits).status().limit(), "member_bytes");
}

TEST_P(EveryForeignFormat, RefusesTheManifestOfAStranger) {
  ListedEntries archive = listed_entries();
  archive[0].content = manifest_for(kListed, {}, {1});
  archive[2].name = "../never/reached.py";
  EXPECT_EQ(open(archive).code(), Errc::kNoTrustedKey);
}

INSTANTIATE_TEST_SUITE_P(Foreign, EveryForeignFormat,
                         testing::Values(ForeignPacking{"pax", ""},
                                         ForeignPacking{"gnutar", "gzip"},
                                         ForeignPacking{"pax", "xz"}, ForeignPacking{"pax", "zstd"},
                                         ForeignPacking{"ustar", "bzip2"},
                                         ForeignPacking{"newc", "gzip"},
                                         ForeignPacking{"7zip", ""}));

// Padding and headers are no members, and not what was signed either.
TEST(ListedOpening, BoundsWhatStandsBetweenFiles) {
  const TemporaryDirectory directory;
  const std::string genuine = build_foreign("ustar", "", listed_entries());
  const std::string zeros(4 * kListedMegabyte, '\0');
  for (const char* filter : {"gzip", "bzip2", "xz", "zstd"}) {
    for (const std::string& bytes : {genuine + zeros, zeros + genuine}) {
      const auto opened =
          SignedVfs::open(directory.write("a", compress_foreign(filter, bytes)), trusting());
      EXPECT_FALSE(opened.ok()) << filter;
      EXPECT_THAT(opened.status().what(), HasSubstr("blow it up")) << filter;
    }
  }
}

// zip_with returns the genuine zip archive with `more` records in front of the manifest.
std::string zip_with(std::vector<ZipEntry> more, const std::string& manifest) {
  std::vector<ZipEntry> all;
  for (const auto& [name, content] : kListed) all.push_back({name, content});
  for (ZipEntry& entry : more) all.push_back(std::move(entry));
  all.push_back({std::string(kManifestName), manifest});
  return build_zip({.entries = std::move(all)});
}

Result<std::shared_ptr<const SignedVfs>> open_zip_text(const std::string& bytes,
                                                       const Limits& limits = {}) {
  return SignedVfs::over_zip(std::make_shared<MemorySource>(bytes), "a.zip",
                             Trust(trusting(), limits));
}

TEST(ListedOpening, WantsTheManifestLastInAZip) {
  NamedContents members(kListed.begin(), kListed.end());
  members.emplace_back(kManifestName, manifest_for(kListed));
  EXPECT_TRUE(open_zip_text(zip_of(members)).ok());
  std::swap(members.front(), members.back());
  const auto first = open_zip_text(zip_of(members));
  EXPECT_EQ(first.code(), Errc::kNoManifest);
  EXPECT_THAT(first.status().what(), HasSubstr("is not its last member"));
}

// A genuine manifest, stolen from elsewhere, in front of a million names.
TEST(ListedOpening, ReadsNoMoreNamesThanTheManifestAccountsFor) {
  std::vector<ZipEntry> strangers;
  for (int i = 0; i < 1000; ++i) strangers.push_back({"evil" + std::to_string(i) + "\\", ""});
  const auto many = open_zip_text(zip_with(strangers, manifest_for(kListed)));
  EXPECT_EQ(many.code(), Errc::kUnlistedMember) << "and not kBadName: nobody has read the names";
  EXPECT_THAT(many.status().what(), HasSubstr("1003 members"));
  const auto one = open_zip_text(zip_with({{"evil.py", ""}}, manifest_for(kListed)));
  EXPECT_EQ(one.status().member(), "evil.py");
}

TEST(ListedOpening, AccountsForDirectoryEntries) {
  EXPECT_TRUE(open_zip_text(zip_with({{.name = "pkg/"}}, manifest_for(kListed))).ok());
}

TEST(ListedOpening, LetsASignedZipExceedTheRatio) {
  const Members members{{"zeros.bin", std::string(kListedMegabyte, '\0')}};
  Limits limits;
  limits.ratio = 2;
  const std::string zip = signed_zip_of(members, {}, Method::kDeflate);
  EXPECT_TRUE(expect(open_zip_text(zip, limits))->verify_all().ok());
  limits.member_bytes = kListedMegabyte - 1;
  EXPECT_EQ(open_zip_text(zip, limits).status().limit(), "member_bytes");
}

// Nothing behind the manifest is looked at before it has been checked.
TEST(ListedOpening, ChecksTheSignatureBeforeTheDirectory) {
  const std::string stranger = manifest_for(kListed, {}, {1});
  EXPECT_EQ(open_zip_text(zip_with({{"../evil", ""}}, stranger)).code(), Errc::kNoTrustedKey);
  EXPECT_EQ(open_zip_text(zip_with({{"../evil", ""}}, manifest_for(kListed))).code(),
            Errc::kBadName);
}

}  // namespace
}  // namespace signedvfs
