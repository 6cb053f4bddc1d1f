// What happens to a signed archive that changes: on disk, in one bit, or between two accesses.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "archive/zip/archive.h"
#include "tests/support/failing_source.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "tests/vfs/tampering.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {
namespace {

// replaced returns `text` with `to` in all places of `from`, which is as long.
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) {
    text.replace(at, from.size(), to);
  }
  return text;
}

Result<std::shared_ptr<const SignedVfs>> over(std::unique_ptr<const ByteSource> source) {
  SIGNEDVFS_ASSIGN(auto container, open_zip(std::move(source), "a.zip", {}));
  return SignedVfs::over(std::move(container), trusting());
}

class Tampering : public testing::TestWithParam<Method> {
 protected:
  Tampering() : archive_(signed_zip_of(kGenuine, {}, GetParam())) {}

  std::string archive_;
};

INSTANTIATE_TEST_SUITE_P(Tamper, Tampering,
                         testing::Values(Method::kStored, Method::kDeflate, Method::kZstd));

TEST_P(Tampering, OfAnySingleByteGivesTheSameBytesOrAnError) {
  int refused = 0;
  for (std::size_t i = 0; i < archive_.size(); ++i) {
    for (const unsigned flip : {0x01U, 0x02U, 0x04U, 0x08U, 0x10U, 0x20U, 0x40U, 0x80U, 0xffU}) {
      std::string changed = archive_;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ flip);
      const auto vfs = over(std::make_unique<MemorySource>(changed));
      if (!vfs.ok() || expect_genuine_reads(**vfs) < 2) ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST_P(Tampering, ByCuttingItShortIsRefused) {
  for (std::size_t size = 0; size < archive_.size(); ++size) {
    EXPECT_FALSE(over(std::make_unique<MemorySource>(archive_.substr(0, size))).ok());
  }
}

TEST_P(Tampering, BetweenAnyTwoAccessesGivesTheSignedBytesOrAnError) {
  // E1, E2, E3, E4: the file changes after any access, while opening or while reading
  const std::string evil = [] {
    NamedContents members(kEvil.begin(), kEvil.end());
    members.emplace_back(kManifestName, manifest_for(kGenuine));
    return zip_of(members, GetParam());
  }();
  ASSERT_EQ(evil.size(), archive_.size());
  std::size_t changes_at = 0;
  int refused = 0;
  for (;; ++changes_at) {
    auto source = std::make_unique<ChangingSource>(archive_, evil, changes_at);
    const ChangingSource& accesses = *source;
    const auto vfs = over(std::move(source));
    if (!vfs.ok()) {
      ++refused;
      continue;
    }
    int succeeded = 0;
    for (int i = 0; i < 3; ++i) succeeded += expect_genuine_reads(**vfs);
    if (succeeded < 6) ++refused;
    if (accesses.accesses() <= changes_at) break;
  }
  EXPECT_GE(changes_at, 7U) << "each read accesses the file";
  EXPECT_GE(refused, 6) << "the change was noticed";
}

TEST_P(Tampering, WouldSucceedWithoutTheCheck) {
  // The attack of the test above is a real one: a reader that does not check gets other bytes.
  auto source = std::make_unique<ChangingSource>(
      zip_of(NamedContents(kGenuine.begin(), kGenuine.end()), Method::kStored),
      zip_of(NamedContents(kEvil.begin(), kEvil.end()), Method::kStored), 0);
  const auto container = expect(open_zip(std::move(source), "a.zip", {}));
  const Buffer content = expect(container->read("a.py"));
  EXPECT_EQ(text_of(content.bytes()), kEvil.at("a.py"));
}

TEST_P(Tampering, FailsWhereAnyAccessFails) {
  // F7: an access that fails is an error, never a missing module
  for (std::size_t fails_at = 0;; ++fails_at) {
    auto source = std::make_unique<FailingSource>(archive_, fails_at);
    const FailingSource& accesses = *source;
    const auto vfs = over(std::move(source));
    if (!vfs.ok()) {
      EXPECT_EQ(vfs.code(), Errc::kIo);
      continue;
    }
    if (const int succeeded = expect_genuine_reads(**vfs); accesses.accesses() > fails_at) {
      EXPECT_EQ(succeeded, 1);
      continue;
    }
    break;
  }
}

class ChangedFile : public testing::Test {
 protected:
  ChangedFile() : path_(directory_.write("a.zip", signed_zip_of(kGenuine))) {
    vfs_ = expect(SignedVfs::open(path_, trusting()));
  }

  TemporaryDirectory directory_;
  std::string path_;
  std::shared_ptr<const SignedVfs> vfs_;
};

TEST_F(ChangedFile, IsNotOpenedAgainAfterARename) {
  // E8: another file is put in place of the one that was opened
  const std::string evil = directory_.write(
      "evil.zip", replaced(signed_zip_of(kGenuine), kGenuine.at("a.py"), kEvil.at("a.py")));
  std::filesystem::rename(evil, path_);
  EXPECT_EQ(expect_genuine_reads(*vfs_), 2);
  std::filesystem::remove(path_);
  EXPECT_EQ(expect_genuine_reads(*vfs_), 2);
}

TEST_F(ChangedFile, IsRefusedAfterItWasWrittenOver) {
  // E5: times and sizes are no guard; the content is
  struct stat before{};
  ASSERT_EQ(::stat(path_.c_str(), &before), 0);
  directory_.write("a.zip", replaced(file_text(path_), kGenuine.at("a.py"), kEvil.at("a.py")));
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  EXPECT_FALSE(vfs_->read("a.py").ok());
  EXPECT_EQ(expect_genuine_reads(*vfs_), 1);
}

TEST_F(ChangedFile, GivesAnErrorAfterItWasTruncated) {
  // E6, E7: no signal, whatever is cut off
  ASSERT_EQ(::truncate(path_.c_str(), 40), 0);
  EXPECT_EQ(expect_genuine_reads(*vfs_), 0);
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  EXPECT_EQ(vfs_->read("a.py").code(), Errc::kShrunk);
}

}  // namespace
}  // namespace signedvfs
