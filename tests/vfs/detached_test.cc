// Detached manifests, and the trees that somebody tries to pass off by them.
#include "vfs/detached.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const Members kLibrary{{"os.py", "x = 1\n"}, {"json/__init__.py", "y = 1\n"}};
const Members kNative{{"_ssl.so",
                       "\x7f"
                       "ELF"}};

std::string content_of(Result<VerifiedBytes> read) {
  const VerifiedBytes content = expect(std::move(read));
  return std::string(text_of(content.bytes()));
}

Attributes roots(std::vector<std::string> names) {
  Attributes attributes;
  attributes.roots = std::move(names);
  return attributes;
}

Members below(const std::string& role, const Members& members) {
  Members out;
  for (const auto& [name, content] : members) out.emplace(role + "/" + name, content);
  return out;
}

class Detached : public testing::Test {
 protected:
  Detached() : library_(directory_ / "lib"), native_(directory_ / "lib/dynload") {
    write("lib", kLibrary);
    write("lib/dynload", kNative);
    Members all = below("stdlib", kLibrary);
    all.merge(below("dynload", kNative));
    manifest_ = directory_.write("lib.manifest", manifest_for(all, roots({"dynload", "stdlib"})));
  }

  void write(const std::string& where, const Members& members) const {
    for (const auto& [name, content] : members) directory_.write(where + "/" + name, content);
  }

  Errc outcome(const std::vector<RootDirectory>& asked) const {
    return open_roots(manifest_, asked, trusting()).code();
  }

  std::shared_ptr<const SignedVfs> library() const {
    auto opened = expect(open_roots(manifest_, {{"stdlib", library_, {"dynload"}}}, trusting()));
    return opened.at(0).vfs;
  }

  TemporaryDirectory directory_;
  std::string library_;
  std::string native_;
  std::string manifest_;
};

TEST_F(Detached, GivesEachRootItsOwnFiles) {
  const auto opened = expect(open_roots(
      manifest_, {{"stdlib", library_, {"dynload"}}, {"dynload", native_, {}}}, trusting()));
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened[0].role, "stdlib");
  EXPECT_EQ(opened[1].role, "dynload");
  const SignedVfs& library = *opened[0].vfs;
  for (const auto& [name, content] : kLibrary) {
    EXPECT_EQ(content_of(library.read(name)), content);
    EXPECT_EQ(expect(library.entry(name))->hex(), sha256(content));
    EXPECT_THAT(expect(library.identity_of(name)), HasSubstr(sha256(content)));
  }
  EXPECT_EQ(library.listing().size(), 2U);
  EXPECT_THAT(expect(library.listing().paths()), ElementsAre("json/__init__.py", "os.py"));
  EXPECT_EQ(expect(library.listing().list("")).size(), 2U);
  EXPECT_TRUE(expect(library.listing().has_directory("json")));
  EXPECT_EQ(library.path(), library_);
  EXPECT_TRUE(library.verify_all().ok());
  EXPECT_THAT(expect(library.unlisted()), ElementsAre());
  EXPECT_THAT(expect(opened[1].vfs->listing().paths()), ElementsAre("_ssl.so"));
}

TEST_F(Detached, KeepsRootsApart) {
  // What is listed of one root is nothing in another, by whatever spelling.
  const auto vfs = library();
  for (const char* name : {"stdlib/os.py", "dynload/_ssl.so", "_ssl.so", "../os.py", "", "os"}) {
    EXPECT_EQ(vfs->read(name).code(), Errc::kNotFound) << name;
    EXPECT_EQ(expect(vfs->entry(name)), nullptr) << name;
  }
}

TEST_F(Detached, TellsRolesWithACommonBeginningApart) {
  Members all = below("lib", {{"a.py", "1"}});
  all.merge(below("lib-dynload", {{"b.so", "2"}}));
  all.merge(below("lib2", {{"c.py", "3"}}));
  const std::string manifest =
      directory_.write("m", manifest_for(all, roots({"lib", "lib-dynload", "lib2"})));
  for (const auto& [role, name] :
       Members{{"lib", "a.py"}, {"lib-dynload", "b.so"}, {"lib2", "c.py"}}) {
    const auto opened = expect(open_roots(manifest, {{role, library_, {}}}, trusting()));
    EXPECT_THAT(expect(opened[0].vfs->listing().paths()), ElementsAre(name)) << role;
  }
}

TEST_F(Detached, AnEmptyRootIsSignedAsEmpty) {
  const std::string manifest =
      directory_.write("m", manifest_for(below("stdlib", kLibrary), roots({"dynload", "stdlib"})));
  const auto opened = expect(open_roots(manifest, {{"dynload", native_, {}}}, trusting()));
  EXPECT_EQ(opened[0].vfs->listing().size(), 0U);
  EXPECT_EQ(opened[0].vfs->read("_ssl.so").code(), Errc::kNotFound);
}

TEST_F(Detached, RefusesARootInAnotherRole) {
  EXPECT_EQ(outcome({{"site", library_, {}}}), Errc::kWrongRoot);
  EXPECT_EQ(outcome({{"", library_, {}}}), Errc::kWrongRoot);
  EXPECT_EQ(outcome({{"stdlib", library_, {}}, {"site", library_, {}}}), Errc::kWrongRoot);
  EXPECT_EQ(outcome({{"stdlib", library_, {}}, {"stdlib", native_, {}}}), Errc::kUsage);
  EXPECT_EQ(open_detached(library_, manifest_, trusting()).code(), Errc::kWrongRoot);
}

TEST_F(Detached, CountsOutsideOfTreesOnly) {
  // Its text in a directory or an archive is no manifest of that, and one of those none outside.
  const std::string text = manifest_for(below("lib", kLibrary), roots({"lib"}));
  directory_.write("lib/signedimp-manifest.txt", text);
  EXPECT_EQ(SignedVfs::open(library_, trusting()).code(), Errc::kWrongRoot);
  Members members = below("lib", kLibrary);
  members.emplace(kManifestName, text);  // the last, in byte order
  const std::string zip = directory_.write("app.zip", zip_of(members));
  EXPECT_EQ(SignedVfs::open(zip, trusting()).code(), Errc::kWrongRoot);

  fs::remove(library_ + "/signedimp-manifest.txt");
  const std::string attached = directory_.write("attached", manifest_for(kLibrary));
  EXPECT_EQ(open_detached(library_, attached, trusting()).code(), Errc::kWrongRoot);
  const std::string prefixed = directory_.write("attached", manifest_for(below("tree", kLibrary)));
  EXPECT_EQ(open_detached(library_, prefixed, trusting()).code(), Errc::kWrongRoot);
}

TEST_F(Detached, RefusesLinesBelowNoRoot) {
  for (const char* path : {"os.py", "other/os.py", "stdlib", "stdlib2/os.py"}) {
    const std::string manifest =
        directory_.write("m", manifest_for({{path, "x"}}, roots({"stdlib"})));
    EXPECT_EQ(open_roots(manifest, {{"stdlib", library_, {}}}, trusting()).code(),
              Errc::kBadManifest)
        << path;
  }
}

TEST_F(Detached, HoldsThePolicyToIt) {
  EXPECT_EQ(open_roots(manifest_, {{"stdlib", library_, {}}}, TrustPolicy()).code(),
            Errc::kNoTrustedKey);
  EXPECT_EQ(open_roots(manifest_, {{"stdlib", library_, {}}}, trusting({1})).code(),
            Errc::kNoTrustedKey);
  TrustPolicy newer = trusting();
  newer.min_serial[""] = 1;
  EXPECT_EQ(open_roots(manifest_, {{"stdlib", library_, {}}}, newer).code(), Errc::kRollback);
  TrustPolicy revoking = trusting({0, 1});
  revoking.revoked = {fingerprint(0)};
  EXPECT_EQ(open_roots(manifest_, {{"stdlib", library_, {}}}, revoking).code(), Errc::kKeyRevoked);
}

TEST_F(Detached, AnotherTreeGivesNothingButWhatIsTheSame) {
  write("other", {{"os.py", "evil"}, {"extra.py", "evil"}});
  const auto opened =
      expect(open_roots(manifest_, {{"stdlib", directory_ / "other", {}}}, trusting()));
  const SignedVfs& other = *opened[0].vfs;
  EXPECT_EQ(other.read("os.py").code(), Errc::kDigestMismatch);
  EXPECT_EQ(other.read("extra.py").code(), Errc::kNotFound);
  EXPECT_EQ(other.read("json/__init__.py").code(), Errc::kMissingMember);
  EXPECT_FALSE(other.verify_all().ok());
}

TEST_F(Detached, RefusesWhatIsNoManifest) {
  const std::vector<RootDirectory> asked{{"stdlib", library_, {}}};
  EXPECT_EQ(open_roots(directory_ / "nothing", asked, trusting()).code(), Errc::kNoManifest);
  EXPECT_EQ(open_roots(library_, asked, trusting()).code(), Errc::kNotRegular);
  const std::string fifo = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(open_roots(fifo, asked, trusting()).code(), Errc::kNotRegular);
  EXPECT_FALSE(open_roots(directory_.write("empty", ""), asked, trusting()).ok());
  EXPECT_EQ(open_roots(directory_.write("junk", "junk"), asked, trusting()).code(),
            Errc::kBadManifest);
  Limits small;
  small.manifest_bytes = 10;
  EXPECT_EQ(open_roots(manifest_, asked, Trust(trusting(), small)).code(), Errc::kTooLarge);
  EXPECT_EQ(outcome({{"stdlib", directory_ / "nothing", {}}}), Errc::kNotFound);
  EXPECT_EQ(outcome({{"stdlib", manifest_, {}}}), Errc::kNotRegular);
}

TEST_F(Detached, EveryChangedByteOfItIsRefused) {
  const std::string good = manifest_for(below("tree", {{"a.py", "1"}}), roots({"tree"}));
  write("small", {{"a.py", "1"}});
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    const std::string path = directory_.write("bad", bad);
    EXPECT_FALSE(open_detached(directory_ / "small", path, trusting()).ok()) << i;
  }
}

TEST_F(Detached, ReadsTheManifestOnce) {
  const auto vfs = library();
  directory_.write("lib.manifest", "replaced");
  EXPECT_TRUE(vfs->verify_all().ok());
}

// A tree that has a manifest of its own.

TEST_F(Detached, AgreesWithTheTreesOwnManifest) {
  directory_.write("lib/signedimp-manifest.txt", manifest_for(kLibrary));
  EXPECT_EQ(content_of(library()->read("os.py")), kLibrary.at("os.py"));
}

TEST_F(Detached, RefusesATreesOwnManifestThatDisagrees) {
  const std::vector<RootDirectory> asked{{"stdlib", library_, {}}};
  const auto with_own = [&](const std::string& text) {
    directory_.write("lib/signedimp-manifest.txt", text);
    return outcome(asked);
  };
  Members more = kLibrary;
  more.emplace("more.py", "z");
  EXPECT_EQ(with_own(manifest_for(more)), Errc::kManifestMismatch);
  EXPECT_EQ(with_own(manifest_for({{"os.py", kLibrary.at("os.py")}})), Errc::kManifestMismatch);
  Members changed = kLibrary;
  changed["os.py"] = "x = 2\n";
  EXPECT_EQ(with_own(manifest_for(changed)), Errc::kManifestMismatch);
  EXPECT_EQ(with_own(manifest_for(kLibrary, {}, {0}, HashType::kSha512)), Errc::kManifestMismatch);
}

TEST_F(Detached, HoldsTheTreesOwnManifestToThePolicyAsWell) {
  const std::vector<RootDirectory> asked{{"stdlib", library_, {}}};
  directory_.write("lib/signedimp-manifest.txt", manifest_for(kLibrary, {}, {1}));
  EXPECT_EQ(outcome(asked), Errc::kNoTrustedKey);
  EXPECT_TRUE(open_roots(manifest_, asked, trusting({0, 1})).ok());
  directory_.write("lib/signedimp-manifest.txt", "junk");
  EXPECT_EQ(outcome(asked), Errc::kBadManifest);
  fs::remove(library_ + "/signedimp-manifest.txt");
  fs::create_directory(library_ + "/signedimp-manifest.txt");
  EXPECT_EQ(outcome(asked), Errc::kNotRegular);
}

// Links, by the signed listing only.

TEST_F(Detached, FollowsLinksThatStayInside) {
  fs::rename(library_ + "/os.py", library_ + "/real.py");
  fs::create_symlink("real.py", library_ + "/os.py");
  const auto vfs = library();
  EXPECT_EQ(content_of(vfs->read("os.py")), kLibrary.at("os.py"));
  EXPECT_EQ(vfs->read("real.py").code(), Errc::kNotFound);
  directory_.write("lib/evil.py", "evil");
  fs::remove(library_ + "/os.py");
  fs::create_symlink("evil.py", library_ + "/os.py");
  EXPECT_EQ(vfs->read("os.py").code(), Errc::kDigestMismatch);
}

TEST_F(Detached, FollowsNoLinkThatLeadsOut) {
  directory_.write("outside.py", kLibrary.at("os.py"));
  for (const fs::path& target : {fs::path("../outside.py"), fs::path(directory_ / "outside.py"),
                                 fs::path("json/../../outside.py"), fs::path("/proc/self/fd/0"),
                                 fs::path("os.py"), fs::path(library_ + "/json/__init__.py")}) {
    fs::remove(library_ + "/os.py");
    fs::create_symlink(target, library_ + "/os.py");
    EXPECT_EQ(library()->read("os.py").code(), Errc::kNotRegular) << target;
  }
  fs::rename(library_ + "/json", directory_ / "json");
  fs::create_directory_symlink("../json", library_ + "/json");
  EXPECT_EQ(library()->read("json/__init__.py").code(), Errc::kNotRegular);
}

TEST_F(Detached, UnlistedFilesOfASpecialKindDoNotExist) {
  ASSERT_EQ(::mkfifo((library_ + "/fifo.py").c_str(), 0600), 0);
  directory_.write("lib/extra.py", "evil");
  const auto vfs = library();
  EXPECT_THAT(expect(vfs->unlisted()), ElementsAre("extra.py"));
  EXPECT_EQ(vfs->read("fifo.py").code(), Errc::kNotFound);
  EXPECT_TRUE(vfs->verify_all().ok());
}

}  // namespace
}  // namespace signedvfs
