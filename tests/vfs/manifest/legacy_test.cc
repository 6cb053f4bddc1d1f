#include "vfs/manifest/legacy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/opening.h"
#include "tests/support/signing.h"
#include "vfs/crypto/base64.h"
#include "vfs/crypto/legacy_key.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

PublicKey legacy_key() { return expect(PublicKey::load(LEGACY_ARCHIVES "key.pub")); }

TrustPolicy accepting() {
  TrustPolicy policy;
  policy.keys = {legacy_key()};
  policy.legacy = true;
  return policy;
}

// text_in returns the manifest of one of the archives that signedimp signed.
std::string text_in(const std::string& archive) {
  const auto container = expect(open_container(LEGACY_ARCHIVES + archive, {}));
  const Buffer text = expect(container->read(kManifestName));
  return std::string(text_of(text.bytes()));
}

Result<Manifest> check_legacy(const std::string& text, const TrustPolicy& policy = accepting()) {
  return Manifest::check(buffer_of(text), policy, {});
}

std::string changed(std::string text, std::string_view old, std::string_view now) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, old.size(), now);
}

class LegacyArchive : public testing::TestWithParam<std::string> {};

TEST_P(LegacyArchive, IsReadWhereThePolicySaysSo) {
  const auto vfs = expect(SignedVfs::open(LEGACY_ARCHIVES + GetParam(), accepting()));
  EXPECT_EQ(vfs->signers(), std::vector<std::string>{legacy_key().fingerprint()});
  ASSERT_EQ(vfs->listing().size(), 3U);
  EXPECT_EQ(expect(vfs->manifest())->entries()[0].path(), "data file.txt");
  const VerifiedBytes main = expect(vfs->read("main.py"));
  EXPECT_EQ(text_of(main.bytes()), "import pkg\n");
  const VerifiedBytes package = expect(vfs->read("pkg/__init__.py"));
  EXPECT_EQ(text_of(package.bytes()), "value = \"from the year 2010\"\n");
  EXPECT_TRUE(vfs->verify_all().ok());
}

// It has neither a name nor a serial number, so it is outside of what either bounds.
TEST_P(LegacyArchive, IsOutsideOfNamesAndSerials) {
  TrustPolicy policy = accepting();
  policy.now = [] { return 1000; };
  KeyScope& scope = policy.keys.front().scope;
  const std::string path = LEGACY_ARCHIVES + GetParam();
  scope.not_after = 1000;
  EXPECT_TRUE(SignedVfs::open(path, policy).ok());
  scope.not_after = 999;
  EXPECT_EQ(SignedVfs::open(path, policy).code(), Errc::kNoTrustedKey);
  scope = {};
  scope.max_serial = 41;
  EXPECT_EQ(SignedVfs::open(path, policy).code(), Errc::kNoTrustedKey);
  scope = {};
  scope.names = {{"shop"}};
  EXPECT_EQ(SignedVfs::open(path, policy).code(), Errc::kNoTrustedKey);
}

// C9: weak hash
TEST_P(LegacyArchive, IsRefusedByDefault) {
  TrustPolicy policy = accepting();
  policy.legacy = false;
  const auto opened = SignedVfs::open(LEGACY_ARCHIVES + GetParam(), policy);
  EXPECT_EQ(opened.code(), Errc::kWeakHash);
  EXPECT_THAT(opened.status().what(), HasSubstr("made by signedimp"));
}

TEST_P(LegacyArchive, IsBoundByTheRestOfThePolicy) {
  const std::string path = LEGACY_ARCHIVES + GetParam();
  TrustPolicy policy = accepting();
  policy.names = {"app"};
  EXPECT_EQ(SignedVfs::open(path, policy).code(), Errc::kWrongName);
  policy = accepting();
  policy.min_serial = {{"", 1}};
  EXPECT_EQ(SignedVfs::open(path, policy).code(), Errc::kRollback);
  policy = accepting();
  policy.revoked = {legacy_key().fingerprint()};
  EXPECT_EQ(SignedVfs::open(path, policy).code(), Errc::kKeyRevoked);
  policy = accepting();
  policy.keys.push_back(test_key().public_key());
  policy.threshold = 2;
  EXPECT_EQ(SignedVfs::open(path, policy).code(), Errc::kNoTrustedKey);
}

// C1, C2: no change of any byte passes
TEST_P(LegacyArchive, MayNotChangeByOneByte) {
  const std::string text = text_in(GetParam());
  ASSERT_TRUE(check_legacy(text).ok());
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string other = text;
    other[at] = static_cast<char>(other[at] ^ 1);
    EXPECT_FALSE(check_legacy(other).ok()) << at;
  }
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(check_legacy(text.substr(0, size)).ok()) << size;
  }
  EXPECT_EQ(check_legacy(text + "\n").code(), Errc::kBadSignature);
}

INSTANTIATE_TEST_SUITE_P(Signedimp, LegacyArchive, testing::Values("sha1.zip", "md5.zip"),
                         [](const auto& named) {
                           return named.param.substr(0, named.param.find('.'));
                         });

TEST(LegacyManifest, IsNeverOneThatDeclaresAnythingNewer) {
  const std::string text = text_in("sha1.zip");
  EXPECT_TRUE(is_legacy_manifest(text));
  EXPECT_FALSE(is_legacy_manifest(changed(text, "sha1\n", "sha1\n@serial 7\n")));
  EXPECT_FALSE(is_legacy_manifest(changed(text, "\nsha1\n", "\nsha256\n")));
  EXPECT_FALSE(is_legacy_manifest(manifest_for({{"a.py", ""}})));
  EXPECT_FALSE(is_legacy_manifest(""));
  EXPECT_FALSE(is_legacy_manifest("sha1\n"));
}

TEST(LegacyManifest, IsNotWhatAPolicyForItAlsoReads) {
  TrustPolicy policy = trusting();
  policy.legacy = true;
  EXPECT_TRUE(Manifest::check(buffer_of(manifest_for({{"a.py", ""}})), policy, {}).ok());
  const std::string sha1 = expect(digest_of(HashType::kLegacySha1, bytes_of(""))).hex();
  EXPECT_EQ(check_legacy(signed_text("sha1\n@members " + sha256(sha1 + " a.py\n") + " 1\n",
                                     sha1 + " a.py\n"),
                         policy)
                .code(),
            Errc::kWeakHash);
}

TEST(LegacyManifest, NeedsASignature) {
  const std::string text = text_in("sha1.zip");
  EXPECT_EQ(check_legacy(text.substr(text.find("\n\n") + 1)).code(), Errc::kNoTrustedKey);
  TrustPolicy policy = accepting();
  policy.keys = {expect(PrivateKey::generate(KeyAlgorithm::kRsaPss, 2048)).public_key()};
  EXPECT_EQ(check_legacy(text, policy).code(), Errc::kNoTrustedKey);
}

// C3: the file may not choose how it is checked
TEST(LegacyManifest, KnowsOnePaddingOnly) {
  const std::string text = text_in("sha1.zip");
  const std::size_t space = text.find(' ');
  const std::size_t end = text.find('\n');
  const auto value = base64_decode(std::string_view(text).substr(space + 1, end - space - 1));
  ASSERT_TRUE(value);
  const std::string raw = "raw:" + std::string(text_of(*value)).substr(9);
  const auto refused =
      check_legacy(text.substr(0, space + 1) + base64_encode(bytes_of(raw)) + text.substr(end));
  EXPECT_EQ(refused.code(), Errc::kBadSignature);
  EXPECT_THAT(refused.status().what(), HasSubstr("pss-sha1"));
}

// D12: lines name keys by SHA-1, and policies revoke them by SHA-256
TEST(LegacyManifest, IsRefusedWhereARevokedKeyMayHaveSigned) {
  const std::string text = text_in("sha1.zip");
  const std::string other = std::string(40, 'a') + " AA==\n";
  TrustPolicy policy = accepting();
  policy.revoked = {fingerprint(1)};
  EXPECT_TRUE(check_legacy(text, policy).ok()) << "every line is by a key that is at hand";
  EXPECT_EQ(check_legacy(other + text, policy).code(), Errc::kKeyRevoked);
  EXPECT_EQ(check_legacy(changed(text, "\n\n", "\n" + other + "\n"), policy).code(),
            Errc::kKeyRevoked);
  policy.revoked = {};
  EXPECT_TRUE(check_legacy(other + text, policy).ok());
  // A key at hand has both fingerprints: it is told from the revoked one, or is it.
  const PublicKey rsa = expect(PrivateKey::generate(KeyAlgorithm::kRsaPss, 2048)).public_key();
  const std::string by_rsa = *expect(legacy_fingerprint(rsa)) + " AA==\n";
  policy.keys.push_back(rsa);
  policy.revoked = {rsa.fingerprint()};
  EXPECT_TRUE(check_legacy(text, policy).ok());
  EXPECT_EQ(check_legacy(by_rsa + text, policy).code(), Errc::kKeyRevoked);
  EXPECT_TRUE(check_legacy(other + text, policy).ok()) << "it is not the one key that is revoked";
  policy.keys.pop_back();
  EXPECT_EQ(check_legacy(by_rsa + text, policy).code(), Errc::kKeyRevoked);
}

TEST(LegacyManifest, HasBoundedSignatures) {
  const std::string text = text_in("sha1.zip");
  const std::string line = text.substr(0, text.find('\n') + 1);
  EXPECT_EQ(check_legacy(line + text).code(), Errc::kBadManifest);
  std::string unknown;
  for (int i = 0; i < 100; ++i) {
    unknown +=
        expect(digest_of(HashType::kLegacySha1, bytes_of(std::to_string(i)))).hex() + " AA==\n";
  }
  EXPECT_EQ(check_legacy(unknown + text).code(), Errc::kTooLarge);
  EXPECT_TRUE(check_legacy(unknown.substr(0, unknown.find('\n') + 1) + text).ok());
}

TEST(LegacyKey, HasTheFingerprintThatSignedimpGave) {
  const std::string text = text_in("sha1.zip");
  EXPECT_EQ(expect(legacy_fingerprint(legacy_key())), text.substr(0, 40));
  EXPECT_EQ(expect(legacy_fingerprint(test_key().public_key())), std::nullopt);
}

}  // namespace
}  // namespace signedvfs
