#include "vfs/signing/signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/foreign_builder.h"
#include "tests/vfs/signer_case.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Signer = SignerCase;

TEST_F(Signer, SignsAnArchiveInPlace) {
  for (const Method method : {Method::kStored, Method::kDeflate, Method::kZstd}) {
    const std::string path = unsigned_zip(method);
    ASSERT_EQ(SignedVfs::open(path, trusting()).code(), Errc::kNoManifest);
    const SignReport report = expect(sign(request_for(path)));
    EXPECT_EQ(report.output, path);
    EXPECT_EQ(report.members, 2U);
    EXPECT_FALSE(report.added);
    EXPECT_THAT(report.signers, ElementsAre(fingerprint()));
    EXPECT_THAT(report.left_out, IsEmpty());
    expect_members(path);
    EXPECT_THAT(files(), ElementsAre("app.zip")) << "nothing is left lying about";
  }
}

TEST_F(Signer, WritesCanonically) {
  // C22: signer and verifier see one archive, of which there is one form
  const std::string sorted = directory_.write("1.zip", zip_of(kMembers, Method::kDeflate));
  const std::string reversed = directory_.write(
      "2.zip", zip_of(NamedContents(kMembers.rbegin(), kMembers.rend()), Method::kDeflate));
  expect(sign(request_for(sorted)));
  expect(sign(request_for(reversed)));
  EXPECT_EQ(file_text(sorted), file_text(reversed));
  const std::string once = file_text(sorted);
  expect(sign(request_for(sorted)));
  EXPECT_EQ(file_text(sorted), once);
}

TEST_F(Signer, WritesToAnotherFileOnRequest) {
  SignRequest request = request_for(unsigned_zip());
  const std::string before = file_text(request.path);
  request.output = directory_ / "signed.zip";
  EXPECT_EQ(expect(sign(request)).output, *request.output);
  EXPECT_EQ(file_text(request.path), before);
  expect_members(*request.output);
}

TEST_F(Signer, KeepsTheMode) {
  const std::string path = unsigned_zip();
  ASSERT_EQ(::chmod(path.c_str(), 0750), 0);
  expect(sign(request_for(path)));
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0750U);
}

TEST_F(Signer, ReplacesWhatALinkNamesAndNotTheLink) {
  const std::string path = unsigned_zip();
  const std::string link = directory_ / "link.zip";
  std::filesystem::create_symlink(path, link);
  expect(sign(request_for(link)));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  expect_members(path);
}

TEST_F(Signer, KeepsAndSignsBytesInFront) {
  // A18: the bytes in front are kept, and covered from then on
  const std::string prefix = "#!/usr/bin/env python3\n";
  const std::string path = directory_.write(
      "app", zip_of(NamedContents(kMembers.begin(), kMembers.end()), Method::kStored, prefix));
  expect(sign(request_for(path)));
  EXPECT_TRUE(file_text(path).starts_with(prefix));
  expect_members(path);
  ASSERT_TRUE(open_signed(path)->attributes().prefix);
  EXPECT_EQ(open_signed(path)->attributes().prefix->length, prefix.size());
  std::string changed = file_text(path);
  changed[0] = '?';
  EXPECT_EQ(open_signed(directory_.write("changed", changed))->verify_all().code(),
            Errc::kPrefixMismatch);
}

TEST_F(Signer, SignsEveryAttributeAndHash) {
  for (const HashType type : {HashType::kSha256, HashType::kSha384, HashType::kSha512}) {
    SignRequest request = request_for(unsigned_zip());
    request.hash_type = type;
    request.attributes.name = "app";
    request.attributes.serial = 3;
    request.attributes.not_before = 100;
    request.attributes.expires = 200;
    request.at = 150;
    const SignReport report = expect(sign(request));
    EXPECT_EQ(report.attributes, request.attributes);
    EXPECT_EQ(report.hash_type, type);
    EXPECT_THAT(report.carried_over, IsEmpty());
    EXPECT_THAT(report.warnings, IsEmpty());
    TrustPolicy policy = trusting();
    policy.now = [] { return 150; };
    const auto vfs = open_signed(request.path, policy);
    EXPECT_EQ(vfs->attributes(), request.attributes);
    EXPECT_EQ(vfs->hash_type(), type);
    EXPECT_TRUE(vfs->verify_all().ok());
  }
}

TEST_F(Signer, SignsADirectoryWhereItStands) {
  const std::string path = unsigned_directory();
  directory_.write("tree/app/__pycache__/__init__.cpython-311.pyc", "cached");
  const SignReport report = expect(sign(request_for(path)));
  EXPECT_EQ(report.output, path);
  ASSERT_EQ(report.left_out.size(), 1U);
  EXPECT_THAT(report.left_out[0], HasSubstr("app/__pycache__/__init__.cpython-311.pyc"));
  expect_members(path);
  SignRequest second = request_for(path, {1});
  second.keep_signatures = true;
  EXPECT_TRUE(expect(sign(second)).added);
  EXPECT_TRUE(open_signed(path, trusting({0, 1}, 2))->verify_all().ok());

  directory_.write("tree/b.txt", "changed");
  EXPECT_EQ(open_signed(path)->read("b.txt").code(), Errc::kDigestMismatch);
  EXPECT_EQ(sign(second).code(), Errc::kUsage);
  EXPECT_FALSE(expect(sign(request_for(path, {1}))).added);
  EXPECT_EQ(SignedVfs::open(path, trusting()).code(), Errc::kNoTrustedKey);
}

TEST_F(Signer, LeavesADirectoryAsItWasWhereItFails) {
  const std::string path = unsigned_directory();
  expect(sign(request_for(path)));
  const std::string before = file_text(path + "/signedimp-manifest.txt");
  SignRequest request = request_for(path, {1});
  for (std::uint64_t stop = 1; stop <= 4; ++stop) {
    request.progress = [stop](std::uint64_t done, std::uint64_t total) {
      EXPECT_EQ(total, 4U);
      return done < stop;
    };
    EXPECT_EQ(sign(request).code(), Errc::kUsage);
    EXPECT_EQ(file_text(path + "/signedimp-manifest.txt"), before);
  }
}

TEST_F(Signer, LeavesAnArchiveAsItWasWhereItFails) {
  SignRequest request = request_for(unsigned_zip());
  const std::string before = file_text(request.path);
  for (std::uint64_t stop = 1; stop <= 4; ++stop) {
    request.progress = [stop](std::uint64_t done, std::uint64_t total) {
      EXPECT_EQ(total, 4U);
      return done < stop;
    };
    EXPECT_EQ(sign(request).code(), Errc::kUsage);
    EXPECT_EQ(file_text(request.path), before);
    EXPECT_THAT(files(), ElementsAre("app.zip"));
  }
}

TEST_F(Signer, RefusesWhatMakesNoSense) {
  EXPECT_EQ(sign(request_for(unsigned_zip(), {})).code(), Errc::kUsage);
  EXPECT_EQ(sign(request_for(unsigned_zip(), {0, 0})).code(), Errc::kUsage);
  SignRequest request = request_for(unsigned_zip());
  request.attributes.prefix.emplace();
  EXPECT_EQ(sign(request).code(), Errc::kUsage);
  for (const char* name : {"", " app", "../app", "a\nb", "a\n@serial 7"}) {
    request.attributes = {};
    request.attributes.name = name;
    const Status refused = sign(request).status();
    EXPECT_EQ(refused.code(), Errc::kUsage) << name;
    EXPECT_THAT(refused.what(), HasSubstr("the product name")) << name;
  }
  request.attributes.name = std::string(256, 'x');
  EXPECT_EQ(sign(request).code(), Errc::kUsage);
  request.attributes = {};
  request.attributes.expires = 1;
  request.attributes.not_before = 1;
  EXPECT_EQ(sign(request).code(), Errc::kUsage);
  request = request_for(unsigned_directory());
  request.output = directory_ / "out.zip";
  EXPECT_EQ(sign(request).code(), Errc::kUsage);
  EXPECT_EQ(sign(request_for(directory_ / "nothing")).code(), Errc::kNotFound);
  EXPECT_EQ(sign(request_for(directory_.write("x", "no archive"))).code(), Errc::kNotAnArchive);
}

TEST_F(Signer, RefusesModulesThatArePackagesToo) {
  // C23: X.py beside X/__init__.py
  for (const char* module : {"app.py", "app.pyc"}) {
    Members members = kMembers;
    members.emplace(module, "");
    const auto report = sign(request_for(directory_.write("twins.zip", zip_of(members))));
    ASSERT_EQ(report.code(), Errc::kUsage);
    EXPECT_THAT(report.status().what(), HasSubstr(std::string("'") + module + "'"));
    EXPECT_THAT(report.status().what(), HasSubstr("'app/__init__.py'"));
  }
}

TEST_F(Signer, RefusesHostileArchivesByTheReadersRules) {
  // C22: what the verifier would refuse is not signed
  std::string trailing = zip_of(kMembers) + "x";
  EXPECT_EQ(sign(request_for(directory_.write("t.zip", trailing))).code(), Errc::kTrailingBytes);
}

TEST_F(Signer, WritesAZipArchiveForATarArchive) {
  std::vector<ForeignEntry> entries;
  for (const auto& [name, content] : kMembers) entries.push_back({name, content});
  const std::string path = directory_.write("app.tar.gz", build_foreign("pax", "gzip", entries));
  SignRequest request = request_for(path);
  const auto refused = sign(request);
  ASSERT_EQ(refused.code(), Errc::kUsage);
  EXPECT_THAT(refused.status().what(), HasSubstr("-o out.zip"));
  request.output = directory_ / "app.zip";
  expect(sign(request));
  expect_members(*request.output);

  entries.insert(entries.begin(), {std::string(kManifestName), manifest_for(kMembers)});
  directory_.write("app.tar.gz", build_foreign("pax", "gzip", entries));
  expect_members(path);
  EXPECT_EQ(unsign(path, {}).code(), Errc::kUsage);
  EXPECT_TRUE(unsign(path, directory_ / "plain.zip").ok());
}

TEST_F(Signer, UnsignsToWhatItWas) {
  const std::string path =
      directory_.write("app.zip", zip_of(kMembers, Method::kDeflate, Entries::kWritten));
  const std::string before = file_text(path);
  expect(sign(request_for(path)));
  EXPECT_TRUE(unsign(path, {}).ok());
  EXPECT_EQ(file_text(path), before);
  EXPECT_EQ(unsign(path, {}).code(), Errc::kNoManifest);
}

TEST_F(Signer, UnsignsToAnotherFileAndKeepsBytesInFront) {
  const std::string path =
      directory_.write("app", zip_of(NamedContents(kMembers.begin(), kMembers.end()),
                                     Method::kStored, "#!x\n", Entries::kWritten));
  const std::string before = file_text(path);
  expect(sign(request_for(path)));
  const std::string signed_text = file_text(path);
  EXPECT_TRUE(unsign(path, directory_ / "plain").ok());
  EXPECT_EQ(file_text(directory_ / "plain"), before);
  EXPECT_EQ(file_text(path), signed_text);
}

TEST_F(Signer, UnsignsADirectory) {
  const std::string path = unsigned_directory();
  expect(sign(request_for(path)));
  EXPECT_EQ(unsign(path, directory_ / "out").code(), Errc::kUsage);
  EXPECT_TRUE(unsign(path, {}).ok());
  EXPECT_EQ(SignedVfs::open(path, trusting()).code(), Errc::kNoManifest);
  EXPECT_EQ(unsign(path, {}).code(), Errc::kNoManifest);
}

}  // namespace
}  // namespace signedvfs
