// Signed directories whose files anybody may change at any time.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {
namespace {

namespace fs = std::filesystem;

const Members kFiles{{"a.py", "x = 1\n"}, {"p/b.py", "y = 1\n"}};

class SignedDirectory : public testing::Test {
 protected:
  SignedDirectory() : path_(directory_ / "app") {
    for (const auto& [name, content] : with_manifest(kFiles)) {
      directory_.write("app/" + name, content);
    }
    vfs_ = expect(SignedVfs::open(path_, trusting()));
  }

  void expect_refused(std::string_view name) const {
    const auto bytes = vfs_->read(name);
    EXPECT_FALSE(bytes.ok());
    EXPECT_NE(bytes.code(), Errc::kNotFound);
  }

  TemporaryDirectory directory_;
  std::string path_;
  std::shared_ptr<const SignedVfs> vfs_;
};

TEST_F(SignedDirectory, GivesTheSignedBytes) {
  for (const auto& [name, content] : kFiles) {
    const VerifiedBytes bytes = expect(vfs_->read(name));
    EXPECT_EQ(text_of(bytes.bytes()), content);
  }
}

TEST_F(SignedDirectory, FollowsNoLinks) {
  // K2: a component that becomes a symbolic link, also one to the very same bytes
  fs::rename(path_ + "/p", directory_ / "moved");
  fs::create_directory_symlink(directory_ / "moved", path_ + "/p");
  expect_refused("p/b.py");
  fs::rename(path_ + "/a.py", directory_ / "moved.py");
  fs::create_symlink(directory_ / "moved.py", path_ + "/a.py");
  expect_refused("a.py");
}

TEST_F(SignedDirectory, FollowsNoLinkToItsManifest) {
  fs::rename(path_ + "/signedimp-manifest.txt", directory_ / "manifest");
  fs::create_symlink(directory_ / "manifest", path_ + "/signedimp-manifest.txt");
  const auto vfs = SignedVfs::open(path_, trusting());
  EXPECT_FALSE(vfs.ok());
}

TEST_F(SignedDirectory, StaysInTheDirectoryThatWasOpened) {
  // K2, E8: the directory itself is renamed, and another one put in its place
  fs::rename(path_, directory_ / "elsewhere");
  directory_.write("app/a.py", "evil");
  const VerifiedBytes bytes = expect(vfs_->read("a.py"));
  EXPECT_EQ(text_of(bytes.bytes()), kFiles.at("a.py"));
}

TEST_F(SignedDirectory, IsNotItsNeighbourOfASimilarName) {
  // K5: app and app-evil; paths are walked by component, never compared as text
  directory_.write("app-evil/a.py", "evil");
  EXPECT_EQ(SignedVfs::open(path_ + "-evil", trusting()).code(), Errc::kNoManifest);
  for (const char* name : {"../app-evil/a.py", "-evil/a.py", "p/../../app-evil/a.py"}) {
    EXPECT_EQ(vfs_->read(name).code(), Errc::kNotFound) << name;
  }
}

TEST_F(SignedDirectory, RefusesSpecialFiles) {
  // K3: a FIFO, which would block, or a directory in place of a file
  fs::remove(path_ + "/a.py");
  ASSERT_EQ(::mkfifo((path_ + "/a.py").c_str(), 0600), 0);
  expect_refused("a.py");
  fs::remove(path_ + "/a.py");
  fs::create_directory(path_ + "/a.py");
  expect_refused("a.py");
}

TEST_F(SignedDirectory, BoundsWhatItReads) {
  // K3: a sparse file of many gigabytes in place of a small one
  ASSERT_EQ(::truncate((path_ + "/a.py").c_str(), off_t{1} << 40), 0);
  EXPECT_EQ(vfs_->read("a.py").code(), Errc::kTooLarge);
  ASSERT_EQ(::truncate((path_ + "/signedimp-manifest.txt").c_str(), off_t{1} << 40), 0);
  EXPECT_EQ(SignedVfs::open(path_, trusting()).code(), Errc::kTooLarge);
}

TEST_F(SignedDirectory, HasExactlyOneManifest) {
  // K4: a manifest further down, or further up, says nothing
  directory_.write("signedimp-manifest.txt", manifest_for({{"app/a.py", "evil"}}, {}, {1}));
  directory_.write("app/p/signedimp-manifest.txt", manifest_for({{"b.py", "evil"}}));
  directory_.write("app/p/b.py", "evil");
  EXPECT_EQ(expect(SignedVfs::open(path_, trusting()))->read("p/b.py").code(),
            Errc::kDigestMismatch);
  fs::remove(path_ + "/signedimp-manifest.txt");
  EXPECT_EQ(SignedVfs::open(path_, trusting()).code(), Errc::kNoManifest);
}

TEST_F(SignedDirectory, KnowsNamesInOneSpellingOnly) {
  // K6: names that some file systems take for the same
  for (const char* name : {"A.py", "a.PY", "P/b.py", "p//b.py", "p/./b.py"}) {
    EXPECT_EQ(vfs_->read(name).code(), Errc::kNotFound) << name;
  }
}

TEST_F(SignedDirectory, RefusesFilesThatAreGone) {
  fs::remove(path_ + "/a.py");
  EXPECT_EQ(vfs_->read("a.py").code(), Errc::kMissingMember);
}

}  // namespace
}  // namespace signedvfs
