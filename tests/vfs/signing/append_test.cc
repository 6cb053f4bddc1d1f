#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/signed_vfs.h"
#include "vfs/signing/signer.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;

const Members kProgram{{"__main__.py", "print('hello')\n"}, {"b.txt", std::string(5000, 'b')}};
const std::string kExecutable =
    "\x7f"
    "ELF" +
    std::string(100'000, '\xcc');

class Append : public testing::Test {
 protected:
  Append() {
    request_.archive = directory_.write("app.zip", zip_of(kProgram, Method::kDeflate));
    SignRequest sign_request;
    sign_request.path = request_.archive;
    sign_request.keys = {test_key()};
    sign_request.attributes.name = "app";
    sign_request.attributes.expires = 1000;  // long ago, and the signer says so
    sign_request.at = request_.at = 999;
    sign_request.hash_type = HashType::kSha512;
    expect(sign(sign_request));
    request_.executable = directory_.write("run", kExecutable);
    ::chmod(request_.executable.c_str(), 0751);
    request_.output = directory_ / "app";
    request_.keys = {test_key()};
  }

  TrustPolicy policy() const {
    TrustPolicy policy = trusting();
    policy.now = [] { return 999; };
    return policy;
  }

  TemporaryDirectory directory_;
  AppendRequest request_;
};

TEST_F(Append, PutsASignedArchiveBehindAnExecutable) {
  const SignReport report = expect(append(request_));
  EXPECT_EQ(report.output, request_.output);
  EXPECT_EQ(report.members, 2U);
  EXPECT_THAT(report.signers, ElementsAre(fingerprint()));
  EXPECT_TRUE(file_text(request_.output).starts_with(kExecutable));
  struct stat status{};
  ASSERT_EQ(::stat(request_.output.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0751U);

  const auto vfs = expect(SignedVfs::open(request_.output, policy()));
  EXPECT_TRUE(vfs->verify_all().ok());
  EXPECT_EQ(vfs->attributes().name, "app");
  EXPECT_EQ(vfs->hash_type(), HashType::kSha512);
  ASSERT_TRUE(vfs->attributes().prefix);
  EXPECT_EQ(vfs->attributes().prefix->length, kExecutable.size());
  EXPECT_EQ(vfs->attributes().prefix->digest.hex(), sha256(kExecutable));
}

TEST_F(Append, CoversBothHalves) {
  // A18: the archive moved behind another executable, or alone
  expect(append(request_));
  const std::string whole = file_text(request_.output);
  std::string changed = whole;
  changed[1000] = 'x';
  EXPECT_EQ(
      expect(SignedVfs::open(directory_.write("changed", changed), policy()))->verify_all().code(),
      Errc::kPrefixMismatch);
  const std::string alone = whole.substr(kExecutable.size());
  EXPECT_FALSE(SignedVfs::open(directory_.write("alone", alone), policy()).ok());
  EXPECT_FALSE(SignedVfs::open(directory_.write("longer", "x" + whole), policy()).ok());
}

TEST_F(Append, RefusesAnExecutableThatCarriesAnArchive) {
  expect(append(request_));
  request_.executable = request_.output;
  request_.output = directory_ / "twice";
  EXPECT_EQ(append(request_).code(), Errc::kUsage);
  EXPECT_FALSE(std::filesystem::exists(request_.output));
}

TEST_F(Append, WantsTheKeysThatHaveSigned) {
  request_.keys = {test_key(1)};
  EXPECT_EQ(append(request_).code(), Errc::kNoTrustedKey);
  request_.keys = {test_key(0), test_key(1)};
  EXPECT_EQ(append(request_).code(), Errc::kNoTrustedKey);
  request_.keys = {};
  EXPECT_EQ(append(request_).code(), Errc::kUsage);
  EXPECT_FALSE(std::filesystem::exists(request_.output));
}

TEST_F(Append, RefusesWhatIsNotAsItWasSigned) {
  std::string archive = signed_zip_of(kProgram);
  archive[archive.find("hello")] = 'j';
  request_.archive = directory_.write("bad.zip", archive);
  EXPECT_FALSE(append(request_).ok());
  request_.archive = directory_.write("plain.zip", zip_of(kProgram));
  EXPECT_EQ(append(request_).code(), Errc::kNoManifest);
  request_.archive = directory_.path();
  EXPECT_EQ(append(request_).code(), Errc::kUsage);
  EXPECT_FALSE(std::filesystem::exists(request_.output));
}

TEST_F(Append, SaysWhatIsSignedNow) {
  SignRequest co_signing;
  co_signing.path = request_.archive;
  co_signing.keys = {test_key(1)};
  co_signing.keep_signatures = true;
  co_signing.at = 999;
  expect(sign(co_signing));
  const SignReport report = expect(append(request_));
  EXPECT_EQ(report.attributes.name, "app");
  EXPECT_EQ(report.attributes.expires, 1000);
  ASSERT_TRUE(report.attributes.prefix);
  EXPECT_EQ(report.attributes.prefix->length, kExecutable.size());
  EXPECT_EQ(report.hash_type, HashType::kSha512);
  EXPECT_THAT(report.carried_over, ElementsAre("name", "expires"));
  EXPECT_THAT(report.dropped, ElementsAre(fingerprint(1))) << "that is another statement now";
}

TEST_F(Append, MakesNothingThatHasExpiredOrIsNotValidYet) {
  for (const std::optional<std::int64_t>& at :
       {std::optional<std::int64_t>(), std::optional<std::int64_t>(1000)}) {
    request_.at = at;
    const auto refused = append(request_);
    ASSERT_EQ(refused.code(), Errc::kUsage);
    EXPECT_THAT(refused.status().what(), testing::HasSubstr("1970-01-01T00:16:40Z"));
    EXPECT_THAT(refused.status().advice(), testing::HasSubstr("--at"));
  }
  EXPECT_FALSE(std::filesystem::exists(request_.output));
}

TEST_F(Append, RefusesAnArchiveBehindBytesThatNobodyHasSigned) {
  request_.archive = directory_.write("front.zip", "#!x\n" + signed_zip_of(kProgram));
  EXPECT_EQ(append(request_).code(), Errc::kPrefixMismatch);
  EXPECT_FALSE(std::filesystem::exists(request_.output));
}

TEST_F(Append, LeavesAnExecutableInFrontBehindAndSaysSo) {
  expect(append(request_));
  request_.archive = request_.output;
  request_.executable = directory_.write("other", "#!/bin/sh\n");
  request_.output = directory_ / "again";
  const SignReport report = expect(append(request_));
  EXPECT_THAT(report.warnings, ElementsAre(testing::HasSubstr("are left behind")));
  EXPECT_TRUE(file_text(request_.output).starts_with("#!/bin/sh\nPK"));
  EXPECT_TRUE(expect(SignedVfs::open(request_.output, policy()))->verify_all().ok());
}

TEST_F(Append, LetsTheResultBeSignedAndUnsigned) {
  expect(append(request_));
  SignRequest sign_request;
  sign_request.path = request_.output;
  sign_request.keys = {test_key(1)};
  sign_request.keep_signatures = true;
  sign_request.at = 999;
  EXPECT_TRUE(expect(sign(sign_request)).added) << "it signs the same statement";
  EXPECT_TRUE(unsign(request_.output, {}).ok());
  EXPECT_TRUE(file_text(request_.output).starts_with(kExecutable));
}

}  // namespace
}  // namespace signedvfs
