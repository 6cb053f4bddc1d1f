#include "vfs/manifest/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/signing.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/signed_header.h"
#include "vfs/manifest/text.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

const Members kListed{{"app/__init__.py", "x = 1\n"}, {"app/a.py", ""}, {"data.txt", "data"}};

Result<Manifest> check(const std::string& text, const TrustPolicy& policy = trusting(),
                       const Limits& limits = {}) {
  return Manifest::check(buffer_of(text), policy, limits);
}

Errc outcome(const std::string& text, const TrustPolicy& policy = trusting()) {
  return check(text, policy).code();
}

// with_line returns `text` with one more signature line in front.
std::string with_line(const std::string& fingerprint, const std::string& base64,
                      const std::string& text) {
  return fingerprint + " " + base64 + "\n" + text;
}

TEST(Manifest, GivesWhatWasSigned) {
  Attributes attributes;
  attributes.name = "app";
  attributes.serial = 7;
  const Manifest manifest = expect(check(manifest_for(kListed, attributes)));
  EXPECT_EQ(manifest.attributes(), attributes);
  EXPECT_EQ(manifest.hash_type(), HashType::kSha256);
  EXPECT_EQ(manifest.signers(), std::vector<std::string>{fingerprint()});
  ASSERT_EQ(manifest.entries().size(), 3U);
  ASSERT_NE(manifest.find("data.txt"), nullptr);
  EXPECT_EQ(manifest.find("data.txt")->digest().hex(), sha256("data"));
}

TEST(Manifest, FindsExactNamesOnly) {
  const Manifest manifest = expect(check(manifest_for(kListed)));
  // C5, C11: names are bytes; nothing is trimmed, folded or normalised
  for (const char* name : {"data.tx", "data.txt ", " data.txt", "Data.txt", "./data.txt", "app",
                           "app/", "app//a.py", "/data.txt", "", "zzz", "signedimp-manifest.txt"}) {
    EXPECT_EQ(manifest.find(name), nullptr) << name;
  }
  EXPECT_EQ(manifest.find(std::string_view("data.txt\0", 9)), nullptr);
}

TEST(Manifest, MayBeEmpty) {
  const Manifest manifest = expect(check(manifest_for({})));
  EXPECT_TRUE(manifest.entries().empty());
  EXPECT_EQ(manifest.find(""), nullptr);
}

TEST(Manifest, NeedsATrustedSignature) {
  // C2: signatures stripped, or by unknown keys; D11: nothing in the file adds a key
  EXPECT_EQ(outcome(manifest_for(kListed, {}, {})), Errc::kNoTrustedKey);
  EXPECT_EQ(outcome(manifest_for(kListed, {}, {1})), Errc::kNoTrustedKey);
  EXPECT_EQ(outcome(manifest_for(kListed, {}, {1, 2, 3})), Errc::kNoTrustedKey);
  EXPECT_EQ(outcome(manifest_for(kListed), TrustPolicy()), Errc::kNoTrustedKey);
  EXPECT_EQ(outcome("", trusting()), Errc::kBadManifest);
}

TEST(Manifest, SaysWhoSigned) {
  const Status unknown = check(manifest_for(kListed, {}, {1})).status();
  EXPECT_THAT(unknown.what(), HasSubstr(fingerprint(1)));
  const Status nobody = check(manifest_for(kListed), TrustPolicy()).status();
  EXPECT_THAT(nobody.what(), HasSubstr("no key is trusted"));
}

TEST(Manifest, CountsToTheThreshold) {
  const std::string two = manifest_for(kListed, {}, {0, 2});
  EXPECT_EQ(outcome(two, trusting({0, 1, 2}, 2)), Errc::kOk);
  EXPECT_EQ(outcome(two, trusting({0, 1, 2}, 3)), Errc::kNoTrustedKey);
  EXPECT_EQ(outcome(two, trusting({0, 1}, 2)), Errc::kNoTrustedKey);
  EXPECT_EQ(expect(check(two, trusting({2, 0}, 2))).signers(),
            (std::vector<std::string>{fingerprint(0), fingerprint(2)}));
}

TEST(Manifest, RefusesAFalseSignatureByATrustedKeyBesideGoodOnes) {
  // C14: trusted bad beside unknown or trusted good
  const std::string good = manifest_for(kListed);
  const std::string zeros = std::string(86, 'A') + "==";
  EXPECT_EQ(outcome(with_line(fingerprint(1), zeros, good), trusting({0, 1})), Errc::kBadSignature);
  EXPECT_EQ(outcome(with_line(fingerprint(1), "AAAA", good), trusting({0, 1})),
            Errc::kBadSignature);
  const std::string unknown = manifest_for(kListed, {}, {1});
  EXPECT_EQ(outcome(with_line(fingerprint(0), zeros, unknown)), Errc::kBadSignature);
  EXPECT_EQ(outcome(with_line(fingerprint(0), zeros, good)), Errc::kBadManifest)
      << "a duplicate fingerprint";
}

TEST(Manifest, IgnoresLinesByUnknownKeys) {
  // C14: unknown lines are ignored, whatever they claim
  const std::string text = with_line(std::string(64, '0'), "AAAA", manifest_for(kListed));
  const Manifest manifest = expect(check(text));
  EXPECT_EQ(manifest.signatures().size(), 2U);
  EXPECT_EQ(manifest.signers(), std::vector<std::string>{fingerprint()});
}

TEST(Manifest, LooksTheKeyUpByItsWholeFingerprint) {
  // A genuine signature under another key's name is none.
  const std::string header = expect(encode_header(HashType::kSha256, {}, ""));
  Signature signature = signature_on(header, 1);
  signature.fingerprint = fingerprint(0);
  EXPECT_EQ(outcome(encode_manifest({signature}, header, "")), Errc::kBadSignature);
}

TEST(Manifest, LetsRevocationBeatTrust) {
  // D12: revoked keys
  TrustPolicy policy = trusting({0, 1});
  policy.revoked = {fingerprint(1)};
  EXPECT_EQ(outcome(manifest_for(kListed, {}, {0}), policy), Errc::kOk);
  EXPECT_EQ(outcome(manifest_for(kListed, {}, {1}), policy), Errc::kKeyRevoked);
  EXPECT_EQ(outcome(manifest_for(kListed, {}, {0, 1}), policy), Errc::kKeyRevoked);
  policy = trusting({0});
  policy.revoked = {fingerprint(0), fingerprint(1)};
  EXPECT_EQ(outcome(manifest_for(kListed, {}, {0}), policy), Errc::kKeyRevoked);
  EXPECT_EQ(outcome(manifest_for(kListed, {}, {1}), policy), Errc::kKeyRevoked);
}

TEST(Manifest, ChecksSignaturesBeforeItParsesAnything) {
  // C6: what is not signed is not parsed, so it cannot choose how it is refused
  for (const char* header : {"md5\n", "sha256\n@evil\n", "sha256\n@serial x\n", "garbage\n"}) {
    EXPECT_EQ(outcome(signed_text(header, "", {1})), Errc::kNoTrustedKey) << header;
    EXPECT_NE(outcome(signed_text(header, "", {0})), Errc::kOk) << header;
    EXPECT_NE(outcome(signed_text(header, "", {0})), Errc::kNoTrustedKey) << header;
  }
  EXPECT_EQ(outcome(signed_text("md5\n", "")), Errc::kWeakHash);
  EXPECT_EQ(outcome(signed_text("sha256\n@evil\n", "")), Errc::kUnknownAttribute);
}

TEST(Manifest, HoldsTheMemberLinesToTheHeader) {
  // C6, C18: lines changed, added, taken away, reordered, or from another release
  const std::string body = body_of(kListed);
  const std::string header = expect(encode_header(HashType::kSha256, {}, body));
  EXPECT_EQ(outcome(signed_text(header, body)), Errc::kOk);
  for (const std::string& other : {std::string(), body + body, body.substr(0, body.size() - 1),
                                   body + "\n", body_of({{"evil.py", ""}}), "\n" + header + body}) {
    EXPECT_EQ(outcome(signed_text(header, other)), Errc::kManifestMismatch) << other;
  }
}

TEST(Manifest, SeparatesItsSignaturesFromOtherProtocols) {
  // C20: a signature made for something else
  const std::string header = expect(encode_header(HashType::kSha256, {}, ""));
  const std::string message = expect(signed_message(header));
  EXPECT_EQ(message.size(), 22U + 32U);
  EXPECT_EQ(message.substr(0, 22), std::string("signedvfs manifest v1\0", 22));
  for (const std::string& wrong : {header, sha256(header), message.substr(22), message + header}) {
    const Signature signature{fingerprint(), expect(test_key().sign(bytes_of(wrong)))};
    EXPECT_EQ(outcome(encode_manifest({signature}, header, "")), Errc::kBadSignature);
  }
}

TEST(Manifest, HoldsTheProductToTheAllowedNames) {
  // C19: another product's archive, signed by the same key
  Attributes attributes;
  attributes.name = "app";
  const std::string named = manifest_for(kListed, attributes);
  const std::string nameless = manifest_for(kListed);
  TrustPolicy policy = trusting();
  EXPECT_EQ(outcome(named, policy), Errc::kOk);
  policy.names = {"app", "other"};
  EXPECT_EQ(outcome(named, policy), Errc::kOk);
  EXPECT_EQ(outcome(nameless, policy), Errc::kWrongName);
  for (const char* other : {"App", "app ", "ap", "apps", ""}) {
    policy.names = {other};
    EXPECT_EQ(outcome(named, policy), Errc::kWrongName) << other;
    EXPECT_EQ(outcome(nameless, policy), Errc::kWrongName) << other;
  }
  policy.names.emplace();
  EXPECT_EQ(outcome(named, policy), Errc::kWrongName);
}

TEST(Manifest, RefusesOlderReleases) {
  // C17: rollback to an older archive by the same key
  const auto release = [](std::optional<std::string> name, std::optional<std::uint64_t> serial) {
    Attributes attributes;
    attributes.name = std::move(name);
    attributes.serial = serial;
    return manifest_for(kListed, attributes);
  };
  TrustPolicy policy = trusting();
  policy.min_serial = {{"app", 42}};
  EXPECT_EQ(outcome(release("app", 41), policy), Errc::kRollback);
  EXPECT_EQ(outcome(release("app", 42), policy), Errc::kOk);
  EXPECT_EQ(outcome(release("app", UINT64_MAX), policy), Errc::kOk);
  EXPECT_EQ(outcome(release("app", {}), policy), Errc::kRollback);
  EXPECT_EQ(outcome(release("other", 1), policy), Errc::kOk);
  policy.min_serial = {{"app", 42}, {"", 10}};
  EXPECT_EQ(outcome(release("other", 9), policy), Errc::kRollback);
  EXPECT_EQ(outcome(release({}, 9), policy), Errc::kRollback);
  EXPECT_EQ(outcome(release({}, {}), policy), Errc::kRollback);
  EXPECT_EQ(outcome(release("other", 10), policy), Errc::kOk);
  EXPECT_EQ(outcome(release("app", 41), policy), Errc::kRollback);
}

TEST(Manifest, IsValidFromNotBeforeUntilExpires) {
  // D12: validity times
  Attributes attributes;
  attributes.not_before = 1000;
  attributes.expires = 2000;
  const std::string text = manifest_for(kListed, attributes);
  const auto at = [&](std::int64_t now) {
    TrustPolicy policy = trusting();
    policy.now = [now] { return now; };
    return outcome(text, policy);
  };
  EXPECT_EQ(at(INT64_MIN), Errc::kNotYetValid);
  EXPECT_EQ(at(999), Errc::kNotYetValid);
  EXPECT_EQ(at(1000), Errc::kOk);
  EXPECT_EQ(at(1999), Errc::kOk);
  EXPECT_EQ(at(2000), Errc::kExpired);
  EXPECT_EQ(at(INT64_MAX), Errc::kExpired);
}

TEST(Manifest, AsksTheClockOnce) {
  int asked = 0;
  TrustPolicy policy = trusting();
  policy.now = [&asked] { return ++asked; };
  Attributes attributes;
  attributes.not_before = 1;
  attributes.expires = 2;
  EXPECT_EQ(outcome(manifest_for(kListed, attributes), policy), Errc::kOk);
  EXPECT_EQ(asked, 1);
}

TEST(Manifest, RefusesAPolicyWithoutSense) {
  EXPECT_EQ(outcome(manifest_for(kListed), trusting({0}, 0)), Errc::kUsage);
}

TEST(Manifest, ReadsNothingInTheFormatOfSignedimpByDefault) {
  // C9: weak hashes
  const std::string line = std::string(40, 'a') + " AAAA\n";
  const std::string text = line + "\nmd5\n" + std::string(32, 'b') + " os.pyc\n";
  EXPECT_EQ(outcome(text), Errc::kWeakHash);
  EXPECT_EQ(outcome(signed_text("md5\n", "")), Errc::kWeakHash);
}

TEST(Manifest, BoundsTheNumberOfMembers) {
  // C15: more members than are allowed
  Limits limits;
  limits.members = 2;
  EXPECT_EQ(check(manifest_for(kListed), trusting(), limits).code(), Errc::kTooLarge);
  limits.members = 3;
  EXPECT_EQ(check(manifest_for(kListed), trusting(), limits).code(), Errc::kOk);
}

TEST(Manifest, RefusesEveryChangedByte) {
  const std::string text = manifest_for({{"a.py", "1"}, {"b.py", "2"}});
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const int flip : {1, 0x20, 0x80, 0xff}) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      EXPECT_NE(outcome(changed), Errc::kOk) << "byte " << i << " xor " << flip;
    }
    EXPECT_NE(outcome(text.substr(0, i)), Errc::kOk) << "cut at " << i;
    EXPECT_NE(outcome(text.substr(i + 1)), Errc::kOk) << "without its first " << i + 1;
  }
}

}  // namespace
}  // namespace signedvfs
