#include "vfs/signed_vfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/memory_container.h"
#include "tests/support/signing.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Members kMembers{{"app.py", "x = 1\n"}, {"data/a.bin", std::string("\0\1", 2)}};

using Vfs = std::shared_ptr<const SignedVfs>;

Result<Vfs> over(Members members, bool directory = false, const TrustPolicy& policy = trusting(),
                 const Limits& limits = {}) {
  return SignedVfs::over(std::make_unique<MemoryContainer>(std::move(members), directory),
                         Trust(policy, limits));
}

Members changed(const std::function<void(Members&)>& change) {
  Members members = with_manifest(kMembers);
  change(members);
  return members;
}

TEST(SignedVfs, GivesTheSignedBytes) {
  const Vfs vfs = expect(over(with_manifest(kMembers)));
  for (const auto& [name, content] : kMembers) {
    EXPECT_TRUE(expect(vfs->contains(name)));
    EXPECT_EQ(expect(vfs->size_of(name)), content.size());
    const VerifiedBytes bytes = expect(vfs->read(name));
    EXPECT_EQ(text_of(bytes.bytes()), content);
  }
  EXPECT_TRUE(vfs->verify_all().ok());
}

TEST(SignedVfs, RefusesWhatHasNoManifest) {
  // C1: the manifest removed, renamed, or in another case
  for (const bool directory : {false, true}) {
    EXPECT_EQ(over(kMembers, directory).code(), Errc::kNoManifest);
    for (const char* other :
         {"SIGNEDIMP-MANIFEST.TXT", "signedimp-manifest.txt.bak", "sub/signedimp-manifest.txt"}) {
      Members members = kMembers;
      members.emplace(other, manifest_for(kMembers));
      EXPECT_EQ(over(members, directory).code(), Errc::kNoManifest) << other;
    }
  }
}

TEST(SignedVfs, RefusesArchivesWithUnlistedMembers) {
  // C3: an extra entry
  const auto extra = over(changed([](Members& m) { m.emplace("evil.py", "evil"); }));
  EXPECT_EQ(extra.code(), Errc::kUnlistedMember);
  EXPECT_THAT(extra.status().what(), HasSubstr("'evil.py'"));
  EXPECT_EQ(extra.status().member(), "evil.py");
}

TEST(SignedVfs, RefusesArchivesThatMissListedMembers) {
  // C4: a listed member taken away, also where another one makes up for the count
  const auto without = over(changed([](Members& m) { m.erase("app.py"); }));
  EXPECT_EQ(without.code(), Errc::kMissingMember);
  EXPECT_EQ(without.status().member(), "app.py");
  EXPECT_EQ(over(changed([](Members& m) {
              m.erase("app.py");
              m.emplace("App.py", "x = 1\n");
            })).code(),
            Errc::kMissingMember);
}

TEST(SignedVfs, RefusesSwappedAndChangedContent) {
  // C5: contents exchanged between listed paths; E2: found when it is used
  const Vfs swapped =
      expect(over(changed([](Members& m) { std::swap(m.at("app.py"), m.at("data/a.bin")); })));
  EXPECT_EQ(swapped->read("app.py").code(), Errc::kDigestMismatch);
  EXPECT_EQ(swapped->read("data/a.bin").code(), Errc::kDigestMismatch);
  const Status first = swapped->verify_all();
  EXPECT_EQ(first.code(), Errc::kDigestMismatch);
  EXPECT_EQ(first.member(), "app.py");

  const Vfs longer = expect(over(changed([](Members& m) { m.at("app.py") += "evil\n"; })));
  EXPECT_EQ(longer->read("app.py").code(), Errc::kDigestMismatch);
  // E11: what is hashed is all that is given out
  const Vfs shorter = expect(over(changed([](Members& m) { m.at("app.py").pop_back(); })));
  const auto refused = shorter->read("app.py");
  ASSERT_EQ(refused.code(), Errc::kDigestMismatch);
  EXPECT_THAT(refused.status().what(), HasSubstr("memory.zip: 'app.py'"));
  EXPECT_TRUE(shorter->read("data/a.bin").ok());
}

TEST(SignedVfs, RefusesMembersOfAnotherRelease) {
  // C18: an old member, or an old manifest, in the new archive
  Members old = kMembers;
  old.at("app.py") = "x = 0\n";
  const Vfs old_member = expect(over(changed([](Members& m) { m.at("app.py") = "x = 0\n"; })));
  EXPECT_EQ(old_member->read("app.py").code(), Errc::kDigestMismatch);
  Members mixed = kMembers;
  mixed.emplace(kManifestName, manifest_for(old));
  EXPECT_EQ(expect(over(mixed))->read("app.py").code(), Errc::kDigestMismatch);
}

TEST(SignedVfs, KnowsNothingThatIsNotListed) {
  const Vfs archive = expect(over(with_manifest(kMembers)));
  for (const char* name : {"", "nothing", "data", "data/", "APP.PY", "./app.py"}) {
    EXPECT_EQ(archive->read(name).code(), Errc::kNotFound) << name;
  }
  EXPECT_EQ(archive->read(kManifestName).code(), Errc::kNotFound);
}

TEST(SignedVfs, LeavesUnlistedFilesOfDirectoriesUnread) {
  // K1: unlisted files, __pycache__, .so in the tree; K4: a manifest further down is a plain file
  const Vfs vfs =
      expect(over(changed([](Members& m) {
                    m.emplace("evil.so", "evil");
                    m.emplace("__pycache__/app.cpython-311.pyc", "evil");
                    m.emplace("data/signedimp-manifest.txt", manifest_for({{"evil.py", "evil"}}));
                    m.emplace("data/evil.py", "evil");
                  }),
                  true));
  EXPECT_THAT(expect(vfs->unlisted()),
              ElementsAre("__pycache__/app.cpython-311.pyc", "data/evil.py",
                          "data/signedimp-manifest.txt", "evil.so"));
  for (const std::string& name : expect(vfs->unlisted())) {
    EXPECT_FALSE(expect(vfs->contains(name)));
    EXPECT_EQ(vfs->read(name).code(), Errc::kNotFound);
  }
  EXPECT_TRUE(vfs->verify_all().ok());
}

TEST(SignedVfs, NeverSaysNotFoundForAListedMember) {
  // C4: a listed file that is gone must not look like a name that never was
  const Vfs vfs = expect(over(changed([](Members& m) { m.erase("app.py"); }), true));
  EXPECT_EQ(vfs->read("app.py").code(), Errc::kMissingMember);
  EXPECT_EQ(vfs->verify_all().code(), Errc::kMissingMember);
}

TEST(SignedVfs, BoundsTheManifestBeforeReadingIt) {
  // C16: a manifest that is a bomb; C15: one of several megabytes
  class Bomb final : public MemoryContainer {
   public:
    explicit Bomb(std::uint64_t declared) : MemoryContainer({}), declared_(declared) {}
    std::optional<std::uint64_t> size_of(std::string_view) const override { return declared_; }
    Result<Buffer> read_into(std::string_view, const Allocate&) const override {
      if (declared_ > 100) ADD_FAILURE() << "read although it is declared too large";
      return Buffer(1000);
    }

   private:
    std::uint64_t declared_;
  };
  Limits limits;
  limits.manifest_bytes = 100;
  for (const std::uint64_t declared : {UINT64_MAX, std::uint64_t{101}, std::uint64_t{100}}) {
    EXPECT_EQ(SignedVfs::over(std::make_unique<Bomb>(declared), Trust(trusting(), limits)).code(),
              Errc::kTooLarge);
  }
}

// WithPrefix stands behind some bytes.
class WithPrefix final : public MemoryContainer {
 public:
  WithPrefix(Members members, std::string prefix)
      : MemoryContainer(std::move(members)), prefix_(std::move(prefix)) {}
  std::uint64_t prefix_bytes() const noexcept override { return prefix_.size(); }
  Status read_prefix(const std::function<Status(std::span<const std::byte>)>& sink) const override {
    for (const char& c : prefix_) SIGNEDVFS_TRY(sink(bytes_of({&c, 1})));
    return {};
  }

 private:
  std::string prefix_;
};

Result<Vfs> behind(const std::string& prefix, const Attributes& attributes) {
  return SignedVfs::over(std::make_unique<WithPrefix>(with_manifest(kMembers, attributes), prefix),
                         trusting());
}

TEST(SignedVfs, HoldsTheBytesInFrontToThePrefixAttribute) {
  // A18: bytes in front of the archive
  Attributes attributes;
  attributes.prefix = Prefix{expect(digest_of(HashType::kSha256, bytes_of("#!run"))), 5};
  EXPECT_TRUE(expect(behind("#!run", attributes))->verify_all().ok());
  EXPECT_EQ(behind("", attributes).code(), Errc::kPrefixMismatch);
  EXPECT_EQ(behind("#!ru", attributes).code(), Errc::kPrefixMismatch);
  EXPECT_EQ(behind("#!runs", attributes).code(), Errc::kPrefixMismatch);
  EXPECT_EQ(expect(behind("#!rum", attributes))->verify_all().code(), Errc::kPrefixMismatch);
}

TEST(SignedVfs, VerifiesNothingBehindBytesThatNobodyHasSigned) {
  // A18: what is in front may be a program; importing never reads it
  for (const std::string& front : {std::string("x"), std::string("#!/bin/sh\nexit 0\n")}) {
    const Vfs vfs = expect(behind(front, {}));
    EXPECT_EQ(vfs->prefix_bytes(), front.size());
    EXPECT_TRUE(vfs->read(kMembers.begin()->first).ok());
    const Status refused = vfs->verify_all();
    EXPECT_EQ(refused.code(), Errc::kPrefixMismatch);
    EXPECT_THAT(refused.what(), testing::HasSubstr(std::to_string(front.size()) + " byte"));
  }
  EXPECT_TRUE(expect(behind("", {}))->verify_all().ok());
  EXPECT_EQ(expect(behind("", {}))->prefix_bytes(), 0U);
}

TEST(SignedVfs, TellsProgressAndGivesUp) {
  const Vfs vfs = expect(over(with_manifest(kMembers)));
  std::vector<std::uint64_t> told;
  EXPECT_TRUE(vfs->verify_all([&](std::uint64_t done) {
                   told.push_back(done);
                   return true;
                 })
                  .ok());
  EXPECT_THAT(told, ElementsAre(1, 2));
  EXPECT_EQ(vfs->verify_all([](std::uint64_t) { return false; }).code(), Errc::kUsage);
}

// Fickle gives other bytes from the n-th read on.
class Fickle final : public MemoryContainer {
 public:
  Fickle(Members members, int good_reads)
      : MemoryContainer(std::move(members)), good_reads_(good_reads) {}
  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override {
    if (good_reads_-- > 0) return MemoryContainer::read_into(name, allocate);
    return buffer_of("evil");
  }

 private:
  mutable std::atomic<int> good_reads_;
};

TEST(SignedVfs, ChecksTheVeryBytesThatItGivesOut) {
  // E1, E2, E3: content that changes between any two reads; K7: a file system that lies
  for (int good = 0; good < 6; ++good) {
    const auto vfs =
        SignedVfs::over(std::make_unique<Fickle>(with_manifest(kMembers), good), trusting());
    ASSERT_EQ(vfs.ok(), good > 0);
    if (!vfs.ok()) continue;
    for (int reads = 1; reads < 6; ++reads) {
      const auto bytes = (*vfs)->read("app.py");
      EXPECT_EQ(bytes.ok(), reads < good);
      if (!bytes.ok()) continue;
      EXPECT_EQ(text_of(bytes->bytes()), kMembers.at("app.py"));
    }
  }
}

}  // namespace
}  // namespace signedvfs
