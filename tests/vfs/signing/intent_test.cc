// What is carried over, kept and dropped of what was signed before, and what is not signed at all.
#include "vfs/signing/intent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/vfs/signer_case.h"
#include "vfs/manifest/header.h"

namespace signedvfs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

using Intending = SignerCase;

TEST_F(Intending, AddsASignatureToTheSameStatementOnRequest) {
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

TEST_F(Intending, DropsOtherSignaturesUnlessItIsToKeepThem) {
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

TEST_F(Intending, KeepsSignaturesOnTheVeryStatementThatTheyCoverOnly) {
  SignRequest first = request_for(unsigned_zip());
  first.attributes.name = "app";
  first.attributes.serial = 1;
  expect(sign(first));
  const std::string before = file_text(first.path);
  const auto refused = [&](const SignRequest& request, const char* what) {
    const auto report = sign(request);
    ASSERT_EQ(report.code(), Errc::kUsage) << what;
    EXPECT_THAT(report.status().what(), EndsWith(what));
    EXPECT_THAT(report.status().advice(), HasSubstr("--keep-signatures"));
  };
  SignRequest second = request_for(first.path, {1});
  second.keep_signatures = true;
  SignRequest other = second;
  other.attributes.serial = 2;
  refused(other, "what differs: serial");
  other = second;
  other.attributes.name = "other";
  other.attributes.expires = INT64_C(4'000'000'000);
  refused(other, "what differs: name, expires");
  other = second;
  other.hash_type = HashType::kSha384;
  refused(other, "the hash");
  other = second;
  other.index = true;
  refused(other, "what differs: the index");
  EXPECT_EQ(file_text(first.path), before);

  other = second;
  other.path = directory_.write("front", "#!x\n" + before);
  refused(other, "what differs: the bytes in front");
  Members members = kMembers;
  members.at("b.txt") = "changed";
  members.emplace(kManifestName, expect_text(first.path, kManifestName));
  other.path = directory_.write("changed.zip", zip_of(members));
  refused(other, "what differs: the members or their content");
}

TEST_F(Intending, KeepsNoSignatureWhereThereIsNone) {
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

TEST_F(Intending, CarriesNoSignatureOverToAnotherStatement) {
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

TEST_F(Intending, WarnsOfASerialNumberWithoutAName) {
  SignRequest request = request_for(unsigned_zip());
  request.attributes.serial = 1;
  EXPECT_THAT(expect(sign(request)).warnings, ElementsAre(HasSubstr("--name")));
  request.attributes.name = "app";
  EXPECT_THAT(expect(sign(request)).warnings, IsEmpty());
}

TEST_F(Intending, SignsNothingThatHasExpiredOrIsNotValidYet) {
  for (const std::string& path : {unsigned_zip(), unsigned_directory()}) {
    SignRequest request = request_for(path);
    request.attributes.expires = 1000;
    const auto refused = [&](const char* what) {
      const auto report = sign(request);
      ASSERT_EQ(report.code(), Errc::kUsage) << what;
      EXPECT_THAT(report.status().what(), HasSubstr(what));
      EXPECT_THAT(report.status().advice(), HasSubstr("--at"));
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

TEST_F(Intending, KeepsItsOwnAttributes) {
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

// C21: a genuine manifest of another product by the same key
TEST_F(Intending, CarriesNothingOverFromAnotherArchivesManifest) {
  Attributes attributes;
  attributes.name = "payroll";
  attributes.serial = UINT64_MAX;
  const std::vector<Members> all = {
      {{"pay.py", ""}},
      {},
      {{"b.txt", ""}, {"pay.py", ""}, {"roll.py", ""}},  // 1 of its 3
      {{"__main__.py", ""}, {"__main__.pyc", ""}, {"signedvfs-order.txt", "b.txt\n"}},
  };
  for (const Members& listed : all) {
    for (const char* extra : {"", "__main__.py"}) {
      Members members = kMembers;
      if (*extra != '\0') members.emplace(extra, "");
      members.emplace(kManifestName, manifest_for(listed, attributes, {0}));
      const std::string zip = directory_.write("app.zip", zip_of(members));
      std::filesystem::remove_all(directory_ / "tree");
      for (const auto& [name, content] : members) directory_.write("tree/" + name, content);
      for (const std::string& path : {zip, directory_ / "tree"}) {
        const SignReport report = expect(sign(request_for(path)));
        EXPECT_EQ(open_signed(path)->attributes(), Attributes());
        EXPECT_THAT(report.carried_over, IsEmpty());
        ASSERT_EQ(report.warnings.size(), 1U);
        EXPECT_THAT(report.warnings[0], HasSubstr("name 'payroll', serial 18446744073709551615"));
      }
    }
  }
}

// The header alone says nothing about whose it is.
TEST_F(Intending, CarriesNothingOverWhereTheMemberLinesAreNotTheSignedOnes) {
  Attributes attributes;
  attributes.name = "payroll";
  const std::string other = manifest_for({{"pay.py", ""}}, attributes, {0});
  const std::string mixed =
      other.substr(0, other.find("\n\n") + 2) +
      expect(encode_header(HashType::kSha256, attributes, body_of({{"pay.py", ""}}))) +
      body_of(kMembers);
  Members members = kMembers;
  members.emplace(kManifestName, mixed);
  const std::string path = directory_.write("app.zip", zip_of(members));
  EXPECT_EQ(expect(sign(request_for(path))).warnings.size(), 1U);
  EXPECT_EQ(open_signed(path)->attributes(), Attributes());
}

TEST_F(Intending, CarriesOverToTheNextReleaseOfTheSame) {
  Attributes attributes;
  attributes.name = "app";
  const Members before{{"a.py", "1"}, {"b.py", "1"}, {"c.py", "1"}, {"d.py", "1"}};
  const std::string manifest = manifest_for(before, attributes, {0});
  const std::vector<Members> all = {
      before,
      {{"a.py", "2"}, {"b.py", "2"}, {"c.py", "2"}, {"d.py", "2"}},  // all changed
      {{"a.py", "1"}, {"b.py", "1"}},                                // half gone
      {{"a.py", "1"}, {"b.py", "1"}, {"x.py", ""}, {"y.py", ""}},    // half replaced
      {{"a.py", "1"},
       {"b.py", "1"},
       {"c.py", "1"},
       {"d.py", "1"},
       {"__main__.py", ""},
       {"w.py", ""},
       {"x.py", ""},
       {"y.py", ""},
       {"z.py", ""}},  // as many added
  };
  for (Members members : all) {
    members.emplace(kManifestName, manifest);
    const std::string path = directory_.write("app.zip", zip_of(members));
    EXPECT_THAT(expect(sign(request_for(path))).carried_over, ElementsAre("name"));
    EXPECT_EQ(open_signed(path)->attributes(), attributes);
  }
  const Members script{
      {"__main__.py", "2"},
      {std::string(kManifestName), manifest_for({{"__main__.py", "1"}}, attributes, {0})}};
  const std::string path = directory_.write("script.zip", zip_of(script));
  EXPECT_THAT(expect(sign(request_for(path))).carried_over, ElementsAre("name"));
}

TEST_F(Intending, BelievesNothingOfAManifestThatItDidNotSign) {
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

TEST_F(Intending, CarriesNothingOverFromUnsignedStatements) {
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

}  // namespace
}  // namespace signedvfs
