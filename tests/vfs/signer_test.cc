#include "vfs/signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/foreign_builder.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Members kMembers{{"app/__init__.py", "x = 1\n"}, {"b.txt", std::string(5000, 'b')}};

class Signer : public testing::Test {
 protected:
  std::string unsigned_zip(Method method = Method::kDeflate) const {
    return directory_.write("app.zip", zip_of(kMembers, method));
  }

  std::string unsigned_directory() const {
    for (const auto& [name, content] : kMembers) directory_.write("tree/" + name, content);
    return directory_ / "tree";
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  TemporaryDirectory directory_;
};

SignRequest request_for(const std::string& path, const std::vector<std::size_t>& keys = {0}) {
  SignRequest request;
  request.path = path;
  for (const std::size_t key : keys) request.keys.push_back(test_key(key));
  return request;
}

std::string expect_text(const std::string& path, std::string_view member) {
  const Buffer content = expect(expect(open_container(path, {}))->read(member));
  return std::string(text_of(content.bytes()));
}

std::shared_ptr<const SignedVfs> open_signed(const std::string& path,
                                             const TrustPolicy& policy = trusting()) {
  return expect(SignedVfs::open(path, policy));
}

void expect_members(const std::string& path, const Members& members = kMembers) {
  const auto vfs = open_signed(path);
  EXPECT_EQ(vfs->listing().size(), members.size());
  for (const auto& [name, content] : members) {
    const VerifiedBytes bytes = expect(vfs->read(name));
    EXPECT_EQ(text_of(bytes.bytes()), content);
  }
}

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

TEST_F(Signer, AddsASignatureToTheSameStatementOnRequest) {
  SignRequest first = request_for(unsigned_zip());
  first.attributes.name = "app";
  first.hash_type = HashType::kSha512;
  expect(sign(first));
  SignRequest second = request_for(first.path, {1});
  second.keep_signatures = true;
  const SignReport report = expect(sign(second));
  EXPECT_TRUE(report.added);
  EXPECT_THAT(report.signers, ElementsAre(fingerprint(0), fingerprint(1)));
  EXPECT_THAT(report.kept, ElementsAre(fingerprint(0)));
  EXPECT_THAT(report.dropped, IsEmpty());
  EXPECT_EQ(report.attributes.name, "app");
  EXPECT_THAT(report.carried_over, ElementsAre("name"));
  const auto vfs = open_signed(first.path, trusting({0, 1}, 2));
  EXPECT_EQ(vfs->attributes().name, "app");
  EXPECT_EQ(vfs->hash_type(), HashType::kSha512);
  EXPECT_TRUE(expect(sign(second)).added) << "again, which changes nothing";
}

TEST_F(Signer, DropsOtherSignaturesUnlessItIsToKeepThem) {
  // C21: signatures by keys that nobody here has are no business of the signer's
  SignRequest first = request_for(unsigned_zip(), {0, 2});
  first.attributes.name = "app";
  expect(sign(first));
  const SignReport report = expect(sign(request_for(first.path, {0})));
  EXPECT_FALSE(report.added);
  EXPECT_THAT(report.signers, ElementsAre(fingerprint(0)));
  EXPECT_THAT(report.dropped, ElementsAre(fingerprint(2)));
  EXPECT_EQ(report.attributes.name, "app") << "its own key has signed that";
}

TEST_F(Signer, KeepsSignaturesOnTheVeryStatementThatTheyCoverOnly) {
  SignRequest first = request_for(unsigned_zip());
  first.attributes.name = "app";
  first.attributes.serial = 1;
  expect(sign(first));
  const std::string before = file_text(first.path);
  const auto refused = [&](const SignRequest& request, const char* what) {
    const auto report = sign(request);
    ASSERT_EQ(report.code(), Errc::kUsage) << what;
    EXPECT_THAT(report.status().what(), HasSubstr(what));
    EXPECT_THAT(report.status().what(), HasSubstr("--keep-signatures"));
  };
  SignRequest second = request_for(first.path, {1});
  second.keep_signatures = true;
  SignRequest other = second;
  other.attributes.serial = 2;
  refused(other, "what differs: serial.");
  other = second;
  other.attributes.name = "other";
  other.attributes.expires = INT64_C(4'000'000'000);
  refused(other, "what differs: name, expires.");
  other = second;
  other.hash_type = HashType::kSha384;
  refused(other, "the hash");
  other = second;
  other.index = true;
  refused(other, "what differs: the index.");
  EXPECT_EQ(file_text(first.path), before);

  other = second;
  other.path = directory_.write("front", "#!x\n" + before);
  refused(other, "what differs: the bytes in front.");
  Members members = kMembers;
  members.at("b.txt") = "changed";
  members.emplace(kManifestName, expect_text(first.path, kManifestName));
  other.path = directory_.write("changed.zip", zip_of(members));
  refused(other, "what differs: the members or their content.");
}

TEST_F(Signer, KeepsNoSignatureWhereThereIsNone) {
  SignRequest request = request_for(unsigned_zip());
  request.keep_signatures = true;
  const auto refused = [&](const char* why) {
    const auto report = sign(request);
    ASSERT_EQ(report.code(), Errc::kUsage) << why;
    EXPECT_THAT(report.status().what(), HasSubstr(why));
  };
  refused("nobody has signed this");
  expect(sign(request_for(request.path)));
  refused("no other key");
  Attributes attributes;
  attributes.name = "forged";
  for (const auto& [manifest, why] : std::vector<std::pair<std::string, const char*>>{
           {"junk", "none that anybody can follow"},
           {manifest_for(kMembers, attributes, {}), "no other key"}}) {
    Members members = kMembers;
    members.emplace(kManifestName, manifest);
    request.path = directory_.write("app.zip", zip_of(members));
    refused(why);
  }
}

TEST_F(Signer, CarriesNoSignatureOverToAnotherStatement) {
  // C21: foreign signatures are not carried over
  SignRequest first = request_for(unsigned_zip());
  first.attributes.name = "app";
  first.attributes.serial = 1;
  expect(sign(first));
  SignRequest second = request_for(first.path, {1});
  second.attributes.serial = 2;
  const SignReport report = expect(sign(second));
  EXPECT_FALSE(report.added);
  EXPECT_THAT(report.signers, ElementsAre(fingerprint(1)));
  EXPECT_THAT(report.dropped, ElementsAre(fingerprint(0)));
  EXPECT_THAT(report.carried_over, IsEmpty());
  EXPECT_THAT(report.warnings, Contains(HasSubstr("not carried over from it: name 'app'")));
  const auto vfs = open_signed(first.path, trusting({1}));
  EXPECT_EQ(vfs->attributes().serial, 2U);
  EXPECT_FALSE(vfs->attributes().name) << "somebody else said that";
}

TEST_F(Signer, WarnsOfASerialNumberWithoutAName) {
  SignRequest request = request_for(unsigned_zip());
  request.attributes.serial = 1;
  EXPECT_THAT(expect(sign(request)).warnings, ElementsAre(HasSubstr("--name")));
  request.attributes.name = "app";
  EXPECT_THAT(expect(sign(request)).warnings, IsEmpty());
}

TEST_F(Signer, SignsNothingThatHasExpiredOrIsNotValidYet) {
  for (const std::string& path : {unsigned_zip(), unsigned_directory()}) {
    SignRequest request = request_for(path);
    request.attributes.expires = 1000;
    const auto refused = [&](const char* what) {
      const auto report = sign(request);
      ASSERT_EQ(report.code(), Errc::kUsage) << what;
      EXPECT_THAT(report.status().what(), HasSubstr(what));
      EXPECT_THAT(report.status().what(), HasSubstr("--at"));
    };
    refused("would have expired at 1970-01-01T00:16:40Z, and it is 2");
    request.at = 1000;
    refused("and --at says 1970-01-01T00:16:40Z");
    request.at = 999;
    expect(sign(request));
    // What counts is what is signed now, wherever it comes from.
    request.attributes = {};
    request.at = {};
    refused("(carried over from the manifest there)");
    request.attributes.expires = INT64_C(5'000'000'000);
    request.attributes.not_before = INT64_C(4'000'000'000);
    refused("would be valid from 2096-10-02T07:06:40Z on only");
    request.at = INT64_C(4'000'000'000);
    expect(sign(request));
    request.attributes = {};
    request.at = 999;
    refused("(carried over from the manifest there)");
  }
}

TEST_F(Signer, KeepsItsOwnAttributes) {
  SignRequest request = request_for(unsigned_zip());
  request.attributes.name = "app";
  request.attributes.serial = 1;
  expect(sign(request));
  request.attributes = {};
  request.attributes.serial = 2;
  EXPECT_FALSE(expect(sign(request)).added);
  EXPECT_EQ(open_signed(request.path)->attributes().name, "app");
  EXPECT_EQ(open_signed(request.path)->attributes().serial, 2U);
}

TEST_F(Signer, BelievesNothingOfAManifestThatItDidNotSign) {
  // C21: an existing manifest whose signature is false, or that makes no sense
  Attributes attributes;
  attributes.name = "forged";
  const std::string body = body_of({{"other.py", ""}});
  const std::string header = expect(encode_header(HashType::kSha256, attributes, body));
  const std::string false_line = fingerprint() + " " + std::string(86, 'A') + "==\n";
  for (const std::string& manifest :
       {false_line + "\n" + header + body, signed_text(header, body, {2}), std::string("garbage"),
        std::string()}) {
    Members members = kMembers;
    members.emplace(kManifestName, manifest);
    const std::string path = directory_.write("app.zip", zip_of(members));
    const SignReport report = expect(sign(request_for(path)));
    EXPECT_FALSE(report.added);
    EXPECT_THAT(report.signers, ElementsAre(fingerprint()));
    EXPECT_FALSE(open_signed(path)->attributes().name);
    EXPECT_EQ(report.warnings.size(), 1U) << "that something was there is said";
    expect_members(path);
  }
}

TEST_F(Signer, CarriesNothingOverFromUnsignedStatements) {
  // C21: the very statement that is to be signed, with somebody's attributes, and nobody's
  // signature
  Attributes attributes;
  attributes.name = "payroll";
  attributes.serial = UINT64_MAX;
  attributes.expires = INT64_C(4'000'000'000);
  const std::string forged = manifest_for(kMembers, attributes, {});
  const std::string stranger = manifest_for(kMembers, attributes, {2});
  const std::string own_false =
      fingerprint() + " " + std::string(86, 'A') + "==\n" + manifest_for(kMembers, attributes, {2});
  const std::string one_false = fingerprint(1) + " " + std::string(86, 'A') + "==\n" +
                                manifest_for(kMembers, attributes, {0});
  const std::string junk = "junk\n" + manifest_for(kMembers, attributes, {0});
  const std::string twice = [&] {
    const std::string good = manifest_for(kMembers, attributes, {0});
    return good.substr(0, good.find('\n') + 1) + good;
  }();
  for (const std::string& manifest : {forged, stranger, own_false, one_false, junk, twice}) {
    Members members = kMembers;
    members.emplace(kManifestName, manifest);
    const std::string zip = directory_.write("app.zip", zip_of(members));
    const std::string tree = unsigned_directory();
    directory_.write("tree/" + std::string(kManifestName), manifest);
    for (const std::string& path : {zip, tree}) {
      const SignReport report = expect(sign(request_for(path, {0, 1})));
      EXPECT_EQ(report.attributes, Attributes());
      EXPECT_THAT(report.signers, ElementsAre(fingerprint(0), fingerprint(1)));
      EXPECT_THAT(report.carried_over, IsEmpty());
      EXPECT_EQ(report.warnings.size(), 1U);
      const auto vfs = open_signed(path, trusting({0, 1}, 2));
      EXPECT_EQ(vfs->attributes(), Attributes());
      EXPECT_EQ(vfs->signatures().size(), 2U);
    }
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

  entries.push_back({std::string(kManifestName), manifest_for(kMembers)});
  directory_.write("app.tar.gz", build_foreign("pax", "gzip", entries));
  expect_members(path);
  EXPECT_EQ(unsign(path, {}).code(), Errc::kUsage);
  EXPECT_TRUE(unsign(path, directory_ / "plain.zip").ok());
}

TEST_F(Signer, UnsignsToWhatItWas) {
  const std::string path = unsigned_zip();
  const std::string before = file_text(path);
  expect(sign(request_for(path)));
  EXPECT_TRUE(unsign(path, {}).ok());
  EXPECT_EQ(file_text(path), before);
  EXPECT_EQ(unsign(path, {}).code(), Errc::kNoManifest);
}

TEST_F(Signer, UnsignsToAnotherFileAndKeepsBytesInFront) {
  const std::string path = directory_.write(
      "app", zip_of(NamedContents(kMembers.begin(), kMembers.end()), Method::kStored, "#!x\n"));
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
