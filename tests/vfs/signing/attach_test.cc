#include "vfs/signing/attach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/vfs/signer_case.h"
#include "vfs/signing/custody.h"
#include "vfs/signing/statement.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Attach : public SignerCase {
 protected:
  // many_zip returns an archive that gets an index, because it has so many members.
  std::string many_zip() const {
    Members members;
    for (std::uint64_t i = 0; i < 2 * kIndexedFrom; ++i) {
      members.emplace("m" + std::to_string(i) + ".txt", std::string(100, 'x'));
    }
    return directory_.write("many.zip", zip_of(members, Method::kDeflate));
  }

  static std::string drawn_up(const std::string& path, const Attributes& attributes = {}) {
    SignRequest request;
    request.path = path;
    request.attributes = attributes;
    return expect(draw_up(request)).header;
  }

  // attaching returns a request to attach signatures by these keys on `statement`.
  static AttachRequest attaching(const std::string& path, const std::string& statement,
                                 const std::vector<std::size_t>& keys = {0}) {
    AttachRequest request;
    request.path = path;
    request.statement = statement;
    for (const std::size_t key : keys) {
      request.signatures.push_back(signature_on(statement, key));
      request.keys.push_back(test_key(key).public_key());
    }
    return request;
  }

  static Attributes some_attributes() {
    Attributes out;
    out.name = "app";
    out.serial = 42;
    out.expires = 4102444800;
    out.not_before = 1;
    return out;
  }
};

TEST_F(Attach, DrawsUpWhatSigningSigns) {
  const std::string prefixed =
      directory_.write("prefixed.zip", "#!/bin/sh\n" + file_text(unsigned_zip()));
  for (const std::string& path : {unsigned_zip(), many_zip(), unsigned_directory(), prefixed}) {
    const auto before = files();
    const std::string statement = drawn_up(path, some_attributes());
    EXPECT_EQ(files(), before) << "nothing is written";
    SignRequest signing = request_for(path);
    signing.attributes = some_attributes();
    EXPECT_EQ(expect(sign(signing)).header, statement);
    EXPECT_EQ(statement.find("@index") != std::string::npos, path == directory_ / "many.zip");
    EXPECT_EQ(statement.find("@prefix") != std::string::npos, path == prefixed);
  }
}

TEST_F(Attach, PutsSignaturesOnWhatTheyCover) {
  for (const std::string& path : {unsigned_zip(), many_zip(), unsigned_directory()}) {
    const std::string statement = drawn_up(path, some_attributes());
    const SignReport report = expect(attach(attaching(path, statement, {0, 1})));
    EXPECT_THAT(report.signers, ElementsAre(fingerprint(0), fingerprint(1)));
    EXPECT_EQ(report.header, statement);
    const auto archive = expect(SignedVfs::open(path, trusting({0, 1}, 2)));
    EXPECT_TRUE(archive->verify_all().ok());
    EXPECT_EQ(archive->attributes().serial, 42U);
  }
}

TEST_F(Attach, WritesWhatSigningWrites) {
  const std::string path = many_zip();
  AttachRequest request = attaching(path, drawn_up(path));
  request.output = directory_ / "attached.zip";
  expect(attach(request));
  expect(sign(request_for(path)));
  EXPECT_EQ(file_text(*request.output), file_text(path));
}

TEST_F(Attach, AddsToWhatOthersHaveSigned) {
  for (const std::string& path : {unsigned_zip(), many_zip(), unsigned_directory()}) {
    const std::string statement = drawn_up(path, some_attributes());
    expect(attach(attaching(path, statement, {0})));
    AttachRequest second = attaching(path, statement, {1});
    second.statement.reset();
    const SignReport report = expect(attach(second));
    EXPECT_TRUE(report.added);
    EXPECT_THAT(report.kept, ElementsAre(fingerprint(0)));
    expect(attach(attaching(path, statement, {2})));
    expect(SignedVfs::open(path, trusting({0, 1, 2}, 3)));
  }
}

TEST_F(Attach, DrawsUpAgainWhatOthersHaveSigned) {
  const std::string path = many_zip();
  const std::string statement = drawn_up(path, some_attributes());
  expect(attach(attaching(path, statement)));
  SignRequest again;
  again.path = path;
  again.keep_signatures = true;
  EXPECT_EQ(expect(draw_up(again)).header, statement);
}

// A .pyc is judged by a time that nobody signs. What others have signed stays as it is, also when
// the time is another one by then.
TEST_F(Attach, AddsToWhatHasAnotherTimeByNow) {
  const std::string source = directory_.write("tree/a.py", "A = 1\n");
  struct stat status{};
  ASSERT_EQ(::stat(source.c_str(), &status), 0);
  std::string pyc("\xa7\r\r\n\0\0\0\0", 8);  // PEP 552: flags of 0 mean a time and a size
  for (const std::uint64_t number :
       {static_cast<std::uint64_t>(status.st_mtime), std::uint64_t{6}}) {
    for (unsigned shift = 0; shift < 32; shift += 8) pyc += static_cast<char>(number >> shift);
  }
  directory_.write("tree/a.pyc", pyc + "code");
  const std::string tree = directory_ / "tree";
  const std::string statement = drawn_up(tree);
  EXPECT_THAT(statement, HasSubstr(" 2\n"));
  expect(attach(attaching(tree, statement, {0})));
  std::filesystem::last_write_time(source, std::filesystem::file_time_type{});
  EXPECT_EQ(drawn_up(tree).find(" 2\n"), std::string::npos) << "by itself it is left out now";
  const SignReport report = expect(attach(attaching(tree, statement, {1})));
  EXPECT_THAT(report.left_out, IsEmpty());
  expect(SignedVfs::open(tree, trusting({0, 1}, 2)));
}

TEST_F(Attach, DropsSignaturesOnOtherStatements) {
  const std::string path = unsigned_zip();
  expect(sign(request_for(path, {1})));
  const SignReport report = expect(attach(attaching(path, drawn_up(path, some_attributes()))));
  EXPECT_THAT(report.dropped, ElementsAre(fingerprint(1)));
  EXPECT_THAT(report.kept, IsEmpty());
  EXPECT_THAT(report.signers, ElementsAre(fingerprint(0)));
}

// What stands there, signed by the very key, gives nothing to a statement that does not have it.
TEST_F(Attach, TakesNothingFromAnotherManifest) {
  const std::string path = unsigned_zip();
  SignRequest signing = request_for(path);
  signing.attributes = some_attributes();
  expect(sign(signing));
  const SignReport report = expect(attach(attaching(path, drawn_up(path))));
  EXPECT_EQ(report.attributes.serial, std::nullopt);
}

TEST_F(Attach, FindsOutWhoseASignatureIs) {
  const std::string path = unsigned_zip();
  AttachRequest request = attaching(path, drawn_up(path), {0, 1});
  for (Signature& one : request.signatures) one.fingerprint.clear();
  std::swap(request.signatures[0], request.signatures[1]);
  EXPECT_THAT(expect(attach(request)).signers, ElementsAre(fingerprint(1), fingerprint(0)));
}

TEST_F(Attach, RefusesWhatChangedInBetween) {
  const std::string path = unsigned_zip();
  const std::string statement = drawn_up(path, some_attributes());
  Members changed = kMembers;
  changed["b.txt"][0] = 'c';
  directory_.write("app.zip", zip_of(changed, Method::kDeflate));
  const std::string before = file_text(path);
  const auto refused = attach(attaching(path, statement));
  EXPECT_EQ(refused.code(), Errc::kUsage);
  EXPECT_THAT(refused.status().what(), HasSubstr("the members or their content"));
  EXPECT_EQ(file_text(path), before);
}

TEST_F(Attach, RefusesEveryOtherSignature) {
  const std::string path = unsigned_zip();
  const std::string before = file_text(path);
  const std::string statement = drawn_up(path);
  const std::string other = drawn_up(path, some_attributes());
  std::vector<std::pair<AttachRequest, Errc>> wrong(8, {attaching(path, statement), Errc::kUsage});
  wrong[0].first.signatures.clear();
  wrong[1].first.keys.clear();
  wrong[2].first.keys = {test_key(1).public_key()};
  wrong[3].first.signatures.push_back(wrong[3].first.signatures.front());
  wrong[4] = {attaching(path, statement), Errc::kSignerFailed};
  wrong[4].first.signatures[0].value[0] ^= std::byte{1};
  wrong[5] = {attaching(path, statement), Errc::kSignerFailed};
  wrong[5].first.signatures = {signature_on(other)};
  wrong[6] = {attaching(path, statement), Errc::kSignerFailed};
  wrong[6].first.signatures = {{"", std::vector<std::byte>(64)}};
  wrong[7] = {attaching(path, statement, {0, 1}), Errc::kSignerFailed};
  wrong[7].first.signatures[1].value = wrong[7].first.signatures[0].value;
  for (const auto& [request, code] : wrong) {
    EXPECT_EQ(attach(request).code(), code) << &request - &wrong[0].first;
  }
  EXPECT_EQ(file_text(path), before);
  EXPECT_THAT(files(), ElementsAre("app.zip"));
}

TEST_F(Attach, RefusesATextThatIsNoStatement) {
  const std::string path = unsigned_zip();
  const std::string statement = drawn_up(path);
  EXPECT_EQ(attach(attaching(path, "")).code(), Errc::kBadManifest);
  EXPECT_EQ(attach(attaching(path, "md5\n")).code(), Errc::kWeakHash);
  EXPECT_EQ(attach(attaching(path, statement + "x")).code(), Errc::kBadManifest);
  EXPECT_EQ(attach(attaching(path, statement + "@unknown 1\n")).code(), Errc::kUnknownAttribute);
  EXPECT_EQ(attach(attaching(path, statement.substr(0, statement.size() - 1))).code(),
            Errc::kBadManifest);
  EXPECT_EQ(attach(attaching(path, statement + std::string(1 << 20, '\n'))).code(),
            Errc::kTooLarge);
  AttachRequest none = attaching(path, statement);
  none.statement.reset();
  EXPECT_THAT(attach(none).status().what(), HasSubstr("there is no manifest"));
}

TEST_F(Attach, RefusesWhatHasExpired) {
  const std::string path = unsigned_zip();
  SignRequest drawing;
  drawing.path = path;
  drawing.attributes.expires = 1000;
  EXPECT_EQ(draw_up(drawing).code(), Errc::kUsage);
  drawing.at = 999;
  AttachRequest request = attaching(path, expect(draw_up(drawing)).header);
  EXPECT_THAT(attach(request).status().what(), HasSubstr("expired"));
  request.at = 999;
  expect(attach(request));
}

TEST_F(Attach, SaysEverythingByTheStatement) {
  const std::string path = unsigned_zip();
  SignRequest request = request_for(path);
  request.statement = drawn_up(path);
  std::vector<SignRequest> wrong(4, request);
  wrong[0].attributes.name = "app";
  wrong[1].hash_type = HashType::kSha256;
  wrong[2].index = false;
  wrong[3].keep_signatures = true;
  for (const SignRequest& one : wrong) EXPECT_EQ(sign(one).code(), Errc::kUsage);
  expect(sign(request));
}

TEST_F(Attach, DrawsUpWithoutKeysOrOutput) {
  SignRequest request;
  request.path = unsigned_zip();
  request.output = directory_ / "out.zip";
  EXPECT_EQ(draw_up(request).code(), Errc::kUsage);
  EXPECT_EQ(draw_up(request_for(request.path)).code(), Errc::kUsage);
}

}  // namespace
}  // namespace signedvfs
