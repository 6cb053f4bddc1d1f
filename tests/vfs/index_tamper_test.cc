// What happens to an archive with an index that changes: in one bit, in its parts, or between two
// accesses. The rule: the signed bytes, or a refusal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "archive/zip/archive.h"
#include "archive/zip/tail.h"
#include "tests/support/index.h"
#include "tests/vfs/tampering.h"
#include "vfs/manifest/header.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

// expect_genuine reads everything, and asks what else can be asked. Returns how many reads
// succeeded.
int expect_genuine(const SignedVfs& vfs, const Members& members = kGenuine) {
  const int succeeded = expect_genuine_reads(vfs, members);
  for (const char* other : {"A.py", "p", "p/a", "zzz", ""}) {
    const auto found = vfs.contains(other);
    EXPECT_FALSE(found.ok() && *found) << other;
  }
  const auto directory = vfs.listing().has_directory("p");
  EXPECT_TRUE(!directory.ok() || *directory);
  const auto paths = vfs.listing().paths();
  if (paths.ok()) {
    EXPECT_EQ(paths->size(), members.size());
    EXPECT_TRUE(
        std::equal(paths->begin(), paths->end(), members.begin(), members.end(),
                   [](std::string_view path, const auto& one) { return path == one.first; }));
  }
  if (const auto manifest = vfs.manifest(); manifest.ok()) {
    for (const auto& [name, content] : members) {
      const Digest digest = (*manifest)->find(name)->digest();
      EXPECT_EQ(digest, expect(digest_of(digest.type(), bytes_of(content))));
    }
  }
  return succeeded;
}

Attributes with_prefix(const std::string& prefix) {
  Attributes attributes;
  attributes.prefix = {expect(digest_of(HashType::kSha256, bytes_of(prefix))), prefix.size()};
  return attributes;
}

struct Case {
  const char* name;
  IndexedPlan plan;
};

class TamperedIndex : public testing::TestWithParam<Case> {
 protected:
  TamperedIndex() : archive_(indexed_zip_of(kGenuine, GetParam().plan)) {}

  std::string archive_;
};

INSTANTIATE_TEST_SUITE_P(
    Tamper, TamperedIndex,
    testing::Values(Case{"Stored", {}}, Case{"Deflated", {.method = Method::kDeflate}},
                    Case{"WithDirectories", {.entries = Entries::kWritten}},
                    Case{"Zstd", {.method = Method::kZstd, .hash_type = HashType::kSha512}},
                    Case{"Appended",
                         {.attributes = with_prefix("#!/bin/sh\n"), .prefix = "#!/bin/sh\n"}}),
    [](const auto& one) { return one.param.name; });

TEST_P(TamperedIndex, IsGenuineAsLongAsNobodyTouchesIt) {
  const auto vfs = expect(opened(archive_));
  EXPECT_TRUE(vfs->has_index());
  EXPECT_EQ(expect_genuine(*vfs), 2);
  const Status verified = vfs->verify_all();
  EXPECT_TRUE(verified.ok()) << verified.what();
}

TEST_P(TamperedIndex, InAnySingleByteGivesTheSignedBytesOrAnError) {
  for (std::size_t i = 0; i < archive_.size(); ++i) {
    for (const unsigned flip : {0x01U, 0x20U, 0x80U, 0xffU}) {
      std::string changed = archive_;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ flip);
      const auto vfs = opened(changed);
      if (!vfs.ok()) continue;
      expect_genuine(**vfs);
      EXPECT_TRUE((*vfs)->has_index());
      // Nothing inside the archive is without effect, not even what no reader looks at.
      EXPECT_FALSE((*vfs)->verify_all().ok()) << "byte " << i << " xor " << flip;
    }
  }
}

TEST_P(TamperedIndex, ByCuttingItShortIsRefused) {
  for (std::size_t size = 0; size < archive_.size(); ++size) {
    EXPECT_FALSE(opened(archive_.substr(0, size)).ok()) << size;
    // also where something else is there in place of what was cut off
    const auto padded = opened(archive_.substr(0, size) + std::string(archive_.size() - size, 'x'));
    EXPECT_FALSE(padded.ok()) << size;
  }
}

TEST_P(TamperedIndex, ByTakingBytesOutOrPuttingThemInIsNoticed) {
  for (std::size_t at = 0; at <= archive_.size(); ++at) {
    for (const bool takes : {false, true}) {
      if (takes && at == archive_.size()) continue;
      std::string changed = archive_;
      takes ? changed.erase(at, 1) : changed.insert(at, 1, 'x');
      const auto vfs = opened(changed);
      if (!vfs.ok()) continue;
      expect_genuine(**vfs);
      EXPECT_FALSE((*vfs)->verify_all().ok()) << at;
    }
  }
}

TEST_P(TamperedIndex, BetweenAnyTwoAccessesGivesTheSignedBytesOrAnError) {
  // E1, E2, E3, E4: the file changes after any access, to one in which everything is in order but
  // who signed it
  IndexedPlan by_another = GetParam().plan;
  by_another.keys = {1};
  const std::string evil = indexed_zip_of(kEvil, by_another);
  ASSERT_EQ(evil.size(), archive_.size());
  std::size_t changes_at = 0;
  int refused = 0;
  for (;; ++changes_at) {
    auto source = std::make_shared<ChangingSource>(archive_, evil, changes_at);
    const auto vfs = opened(source);
    if (!vfs.ok()) {
      ++refused;
      continue;
    }
    if (expect_genuine(**vfs) < 2) ++refused;
    if (source->accesses() <= changes_at) break;
  }
  EXPECT_GE(changes_at, 5U) << "opening and each read access the file";
  EXPECT_GE(refused, 3) << "the change was noticed";
}

TEST_P(TamperedIndex, FailsWhereAnyAccessFails) {
  // F7: an access that fails is an error, never a missing module
  for (std::size_t fails_at = 0;; ++fails_at) {
    auto source = std::make_shared<FailingSource>(archive_, fails_at);
    const auto vfs = opened(source);
    if (!vfs.ok()) continue;
    if (const int succeeded = expect_genuine(**vfs); source->accesses() > fails_at) {
      EXPECT_GE(succeeded, 1);
      EXPECT_EQ(expect_genuine(**vfs), 2) << "a failure of the system is no verdict";
      continue;
    }
    break;
  }
}

TEST(IndexedArchive, ReadsNothingOfTheDirectory) {
  // A11, C3: whatever an unsigned directory says cannot matter; verifying it all refuses it
  std::string archive = indexed_zip_of(kGenuine);
  const ZipTail tail = expect(read_zip_tail(MemorySource(archive), {}));
  for (std::size_t at = tail.directory; at < tail.directory + tail.directory_size; ++at) {
    archive[at] = 'x';
  }
  const auto vfs = expect(opened(archive));
  EXPECT_EQ(expect_genuine(*vfs), 2);
  EXPECT_EQ(vfs->verify_all().code(), Errc::kBadDirectory);
}

TEST(IndexedArchive, IsNeverReadWithoutItsIndex) {
  // One archive, one meaning: where the index is gone, so is the archive.
  const std::string genuine = indexed_zip_of(kGenuine);
  std::string broken = genuine;
  broken[broken.find("svfsidx1")] = 'S';
  const auto vfs = opened(broken);
  EXPECT_EQ(vfs.code(), Errc::kBadIndex);
  EXPECT_THAT(vfs.status().what(), HasSubstr("a.zip"));

  // the same members under the same manifest, written anew without the index
  const auto container = expect(open_zip(std::make_shared<MemorySource>(genuine), "a.zip", {}));
  NamedContents members(kGenuine.begin(), kGenuine.end());
  const Buffer manifest = expect(container->read(kManifestName));
  members.emplace_back(kManifestName, text_of(manifest.bytes()));
  EXPECT_EQ(opened(zip_of(members)).code(), Errc::kBadIndex);
  // as an archive of another format
  const Members extracted(members.begin(), members.end());
  EXPECT_EQ(SignedVfs::over(std::make_unique<MemoryContainer>(extracted), trusting()).code(),
            Errc::kBadIndex);
}

TEST(IndexedArchive, IsASignedDirectoryOnceItIsUnpacked) {
  const std::string genuine = indexed_zip_of(kGenuine);
  const auto container = expect(open_zip(std::make_shared<MemorySource>(genuine), "a.zip", {}));
  Members extracted;
  for (const std::string& name : expect(container->names())) {
    const Buffer content = expect(container->read(name));
    extracted.emplace(name, text_of(content.bytes()));
  }
  extracted.emplace("evil.py", "evil");
  const auto vfs =
      expect(SignedVfs::over(std::make_unique<MemoryContainer>(extracted, true), trusting()));
  EXPECT_FALSE(vfs->has_index());
  EXPECT_TRUE(vfs->verify_all().ok());
  EXPECT_EQ(expect(vfs->unlisted()), std::vector<std::string>{"evil.py"});
  EXPECT_EQ(vfs->read("evil.py").code(), Errc::kNotFound);
}

TEST(IndexedArchive, IsNotMadeByPuttingAnIndexBehind) {
  // An archive that was signed without an index goes by its manifest, whatever stands at its end.
  const std::string body = body_of(kGenuine);
  const std::string text = signed_text(expect(encode_header(HashType::kSha256, {}, body)), body);
  IndexBuilder builder(HashType::kSha256);
  const Index evil = expect(std::move(builder).finish());
  NamedContents members(kGenuine.begin(), kGenuine.end());
  members.emplace_back(kManifestName, text);
  members.emplace_back(kIndexName, index_text(evil, text.size(), text.size() - body.size()));
  EXPECT_EQ(opened(zip_of(members)).code(), Errc::kBadIndex);
  // nor by a trailer that points elsewhere
  members.back().second = index_text(evil, text.size(), 10);
  EXPECT_FALSE(opened(zip_of(members)).ok());
}

TEST(IndexedArchive, RefusesMembersThatChangedPlaces) {
  // C5: the contents of two members of one size exchanged
  const Members members{{"a", std::string(40, 'a')}, {"b", std::string(40, 'b')}};
  std::string archive = indexed_zip_of(members);
  const std::size_t a = archive.find(members.at("a"));
  const std::size_t b = archive.find(members.at("b"));
  archive.replace(a, 40, members.at("b")).replace(b, 40, members.at("a"));
  const auto vfs = expect(opened(archive));
  for (const char* name : {"a", "b"}) {
    const auto refused = vfs->read(name);
    EXPECT_EQ(refused.code(), Errc::kDigestMismatch);
    EXPECT_THAT(refused.status().what(), HasSubstr(in_quotes(name)));
  }
}

// Three levels of pages, and every page refused where another one stands.
TEST(IndexedArchive, RefusesPagesThatChangedPlaces) {
  Members members;
  for (int i = 0; i < 400; ++i) members.emplace("m" + std::to_string(1000 + i), "");
  const std::string archive = indexed_zip_of(members);
  std::string pages;
  const std::string again =
      indexed_zip_of(members, {.change_index = [&](Index& index) { pages = index.pages; }});
  ASSERT_EQ(again.size(), archive.size());
  // The first two leaves are full, so they are as large as each other.
  const std::size_t size = pages.find(std::string("\1\0\0\0", 4), 8);
  ASSERT_LE(size, kPageBytes);
  std::string swapped = archive;
  const std::size_t at = archive.find(pages.substr(0, size));
  ASSERT_NE(at, std::string::npos);
  swapped.replace(at, size, pages.substr(size, size));
  swapped.replace(at + size, size, pages.substr(0, size));
  const auto vfs = expect(opened(swapped));
  const auto first = vfs->contains("m1000");
  EXPECT_EQ(first.code(), Errc::kIndexMismatch);
  EXPECT_THAT(first.status().what(), HasSubstr("'m1000'"));
  EXPECT_TRUE(expect(vfs->contains("m1399"))) << "pages that are in order still answer";
  EXPECT_EQ(vfs->read("m1000").code(), Errc::kIndexMismatch);
  EXPECT_FALSE(vfs->listing().paths().ok());
  EXPECT_FALSE(vfs->listing().list("").ok());
  EXPECT_FALSE(vfs->verify_all().ok());
}

TEST(IndexedArchive, RefusesBytesInFrontOfWhatWasSignedWithItsFront) {
  const std::string prefix = "#!/bin/sh\n";
  const std::string archive =
      indexed_zip_of(kGenuine, {.attributes = with_prefix(prefix), .prefix = prefix});
  EXPECT_EQ(opened("x" + archive).code(), Errc::kPrefixMismatch);
  std::string other = archive;
  other[0] = '%';
  // What was signed in front is not read when the archive is opened, but when all is verified.
  EXPECT_EQ(expect(opened(other))->verify_all().code(), Errc::kPrefixMismatch);
  // An archive that was signed by itself can be used behind anything, but whoever verifies all
  // hears of it.
  const auto vfs = expect(opened(prefix + indexed_zip_of(kGenuine)));
  EXPECT_EQ(vfs->prefix_bytes(), prefix.size());
  EXPECT_EQ(expect_genuine(*vfs), 2);
  EXPECT_EQ(vfs->verify_all().code(), Errc::kPrefixMismatch);
  EXPECT_EQ(expect(opened(archive))->prefix_bytes(), prefix.size());
  EXPECT_EQ(expect(opened(indexed_zip_of(kGenuine)))->prefix_bytes(), 0U);
}

TEST(IndexedArchive, IsNotReadAgainByForkedChildren) {
  const std::string archive = indexed_zip_of(kGenuine);
  const auto source = std::make_shared<FailingSource>(archive, SIZE_MAX);
  const auto vfs = expect(opened(source));
  ASSERT_EQ(expect_genuine(*vfs), 2);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::size_t before = source->accesses();
    const auto found = vfs->contains("a.py");
    const auto manifest = vfs->manifest();
    const bool good = found.ok() && *found && manifest.ok() && source->accesses() == before;
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(IndexedArchive, KeepsToThePolicy) {
  const std::string archive = indexed_zip_of(kGenuine);
  EXPECT_EQ(opened(archive, trusting({1})).code(), Errc::kNoTrustedKey);
  EXPECT_EQ(opened(archive, TrustPolicy()).code(), Errc::kNoTrustedKey);
  TrustPolicy revoking = trusting({0, 1});
  revoking.revoked = {fingerprint(0)};
  EXPECT_EQ(opened(archive, revoking).code(), Errc::kKeyRevoked);
  TrustPolicy named = trusting();
  named.names = {"app"};
  EXPECT_EQ(opened(archive, named).code(), Errc::kWrongName);
  TrustPolicy newer = trusting();
  newer.min_serial[""] = 1;
  EXPECT_EQ(opened(archive, newer).code(), Errc::kRollback);
  IndexedPlan expired;
  expired.attributes.expires = 1;
  EXPECT_EQ(opened(indexed_zip_of(kGenuine, expired)).code(), Errc::kExpired);
}

TEST(IndexedArchive, KeepsToTheLimits) {
  const std::string archive =
      indexed_zip_of({{"a", std::string(5000, 'a')}, {"b", "b"}}, {.method = Method::kDeflate});
  const auto with = [&](const std::function<void(Limits&)>& change) {
    Limits limits;
    change(limits);
    return opened(archive, trusting(), limits);
  };
  EXPECT_EQ(with([](Limits& l) { l.members = 1; }).code(), Errc::kTooLarge);
  EXPECT_EQ(with([](Limits& l) { l.header_bytes = 100; }).code(), Errc::kTooLarge);
  EXPECT_EQ(with([](Limits& l) { l.name_bytes = 0; }).code(), Errc::kBadName);
  const auto small = expect(with([](Limits& l) { l.member_bytes = 4999; }));
  EXPECT_EQ(small->read("a").code(), Errc::kTooLarge);
  EXPECT_TRUE(small->read("b").ok());
  // What was signed counts as declared.
  EXPECT_TRUE(expect(with([](Limits& l) { l.ratio = 2; }))->read("a").ok());
  const auto listed = expect(with([](Limits& l) { l.manifest_bytes = 10; }));
  EXPECT_TRUE(listed->read("a").ok());
  EXPECT_EQ(listed->manifest().code(), Errc::kTooLarge);
}

}  // namespace
}  // namespace signedvfs
