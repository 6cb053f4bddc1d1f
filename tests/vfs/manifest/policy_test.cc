#include "vfs/manifest/policy.h"

#include <gtest/gtest.h>

#include "tests/support/signing.h"

namespace signedvfs {
namespace {

TEST(TrustPolicy, IsValidWhereItTrustsNobody) { EXPECT_TRUE(TrustPolicy().validate().ok()); }

TEST(TrustPolicy, WantsAThresholdThatKeysCanReach) {
  EXPECT_TRUE(trusting({0, 1}, 2).validate().ok());
  EXPECT_EQ(trusting({0, 1}, 3).validate().code(), Errc::kUsage);
  EXPECT_EQ(trusting({0}, 0).validate().code(), Errc::kUsage);
  EXPECT_EQ(trusting({0}, -1).validate().code(), Errc::kUsage);
  EXPECT_EQ(trusting({}, 0).validate().code(), Errc::kUsage);
}

TEST(TrustPolicy, CountsAKeyOnce) {
  EXPECT_EQ(trusting({0, 1, 0}, 2).validate().code(), Errc::kUsage);
}

TEST(TrustPolicy, WantsWholeFingerprintsInRevoked) {
  TrustPolicy policy = trusting();
  policy.revoked = {fingerprint(1)};
  EXPECT_TRUE(policy.validate().ok());
  // A fingerprint that is misspelt would revoke nothing.
  for (const std::string& wrong :
       {std::string(), fingerprint(1).substr(1), fingerprint(1) + "0", std::string(64, 'A')}) {
    policy.revoked = {wrong};
    EXPECT_EQ(policy.validate().code(), Errc::kUsage) << wrong;
  }
}

TEST(TrustPolicy, NeedsAClock) {
  TrustPolicy policy = trusting();
  policy.now = nullptr;
  EXPECT_EQ(policy.validate().code(), Errc::kUsage);
}

TEST(SystemClock, IsThisCentury) {
  EXPECT_GT(system_clock_seconds(), 1'700'000'000);
  EXPECT_LT(system_clock_seconds(), 4'102'444'800);
}

}  // namespace
}  // namespace signedvfs
