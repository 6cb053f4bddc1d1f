#include "vfs/manifest/signature_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/signing.h"

namespace signedvfs {
namespace {

const Members kOneFile = {{"a.py", "A = 1\n"}};

Errc verdict(const std::string& text, const TrustPolicy& policy) {
  return Manifest::check(buffer_of(text), policy, {}).code();
}

// text_by returns a manifest with the lines of these keys in this order, all of them genuine.
std::string text_by(const std::vector<std::size_t>& keys) {
  return manifest_for(kOneFile, {}, keys);
}

// D12: revoked keys
TEST(Revocation, CountsWhetherOrNotTheKeyIsTrusted) {
  TrustPolicy policy = trusting({0});
  policy.revoked = {fingerprint(1)};
  EXPECT_EQ(verdict(text_by({0}), policy), Errc::kOk);
  EXPECT_EQ(verdict(text_by({0, 1}), policy), Errc::kKeyRevoked);
  EXPECT_EQ(verdict(text_by({1}), policy), Errc::kKeyRevoked);
  EXPECT_EQ(verdict(text_by({0, 2}), policy), Errc::kOk) << "an unknown key is not a revoked one";
}

TEST(Revocation, CountsInWhateverOrderTheLinesHave) {
  std::vector<std::size_t> keys = {0, 1, 2};
  do {
    for (const std::size_t revoked : keys) {
      TrustPolicy policy = trusting({0, 2}, 2);
      policy.revoked = {fingerprint(revoked)};
      EXPECT_EQ(verdict(text_by(keys), policy), Errc::kKeyRevoked);
    }
  } while (std::next_permutation(keys.begin(), keys.end()));
}

TEST(Revocation, BeatsAThresholdThatIsReachedWithoutIt) {
  TrustPolicy policy = trusting({0, 1, 2}, 2);
  policy.revoked = {fingerprint(2)};
  EXPECT_EQ(verdict(text_by({0, 1}), policy), Errc::kOk);
  EXPECT_EQ(verdict(text_by({0, 1, 2}), policy), Errc::kKeyRevoked);
}

TEST(Revocation, CountsWithoutASignatureThatFits) {
  // Nothing can be checked where the key is not at hand; a claim is enough to refuse.
  TrustPolicy policy = trusting({0});
  policy.revoked = {fingerprint(1)};
  const std::string claim = fingerprint(1) + " AAAA\n";
  EXPECT_EQ(verdict(claim + text_by({0}), policy), Errc::kKeyRevoked);
  EXPECT_EQ(verdict(text_by({0}).insert(text_by({0}).find('\n') + 1, claim), policy),
            Errc::kKeyRevoked);
  policy.keys.push_back(test_key(1).public_key());
  EXPECT_EQ(verdict(claim + text_by({0}), policy), Errc::kKeyRevoked);
}

TEST(Revocation, OfATrustedKeyLeavesNobodyToTrust) {
  TrustPolicy policy = trusting({0});
  policy.revoked = {fingerprint(0)};
  EXPECT_EQ(verdict(text_by({0}), policy), Errc::kKeyRevoked);
  EXPECT_EQ(verdict(text_by({1}), policy), Errc::kNoTrustedKey);
}

}  // namespace
}  // namespace signedvfs
