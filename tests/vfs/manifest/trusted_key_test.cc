#include "vfs/manifest/trusted_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/signing.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Members kScopedFile = {{"a.py", "A = 1\n"}};
constexpr std::int64_t kNow = 1'000'000;

Attributes attributes_of(std::optional<std::string> name, std::optional<std::uint64_t> serial) {
  Attributes out;
  out.name = std::move(name);
  out.serial = serial;
  return out;
}

// scoped returns a policy of these keys, the first one within `scope`.
TrustPolicy scoped(const KeyScope& scope, const std::vector<std::size_t>& keys = {0},
                   int threshold = 1) {
  TrustPolicy policy = trusting(keys, threshold);
  policy.keys.front().scope = scope;
  policy.now = [] { return kNow; };
  return policy;
}

Result<Manifest> checked(const Attributes& attributes, const TrustPolicy& policy,
                         const std::vector<std::size_t>& keys = {0}) {
  return Manifest::check(buffer_of(manifest_for(kScopedFile, attributes, keys)), policy, {});
}

KeyScope for_names(std::set<std::string> names) {
  KeyScope out;
  out.names = std::move(names);
  return out;
}

KeyScope serials(std::optional<std::uint64_t> min, std::optional<std::uint64_t> max) {
  KeyScope out;
  out.min_serial = min;
  out.max_serial = max;
  return out;
}

KeyScope until(std::int64_t moment) {
  KeyScope out;
  out.not_after = moment;
  return out;
}

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(KeyScope, CountsForWhatIsInside) {
  const std::vector<std::pair<KeyScope, Attributes>> inside = {
      {{}, attributes_of({}, {})},
      {{}, attributes_of("x", kMost)},
      {for_names({"shop", "tools"}), attributes_of("tools", {})},
      {serials(3, 41), attributes_of({}, 3)},
      {serials(3, 41), attributes_of({}, 41)},
      {serials(3, {}), attributes_of({}, kMost)},
      {serials({}, 0), attributes_of({}, 0)},
      {serials(kMost, kMost), attributes_of({}, kMost)},
      {until(kNow), attributes_of({}, {})},
      {until(kNow + 1), attributes_of({}, {})},
  };
  for (const auto& [scope, attributes] : inside) {
    const auto manifest = checked(attributes, scoped(scope));
    ASSERT_TRUE(manifest.ok()) << manifest.status().what();
    EXPECT_THAT(manifest->signers(), ElementsAre(fingerprint(0)));
  }
}

TEST(KeyScope, IsAStrangerOutside) {
  struct Case {
    KeyScope scope;
    Attributes attributes;
    std::string why;
  };
  const std::vector<Case> outside = {
      {for_names({"shop"}), attributes_of("tools", {}), "trusted for 'shop', and this is 'tools'"},
      {for_names({"shop"}), attributes_of({}, {}), "this is without a name"},
      {for_names({"shop"}), attributes_of("Shop", {}), "'Shop'"},
      {for_names({"shop"}), attributes_of("shop/x", {}), "'shop/x'"},
      {for_names({""}), attributes_of({}, {}), "without a name"},
      {serials(3, 41), attributes_of({}, 2), "from serial 3 on, and this has 2"},
      {serials(3, 41), attributes_of({}, 42), "up to serial 41, and this has 42"},
      {serials({}, 41), attributes_of({}, {}), "this has none"},
      {serials(0, {}), attributes_of({}, {}), "this has none"},
      {serials({}, 41), attributes_of({}, kMost), "up to serial 41"},
      {until(kNow - 1), attributes_of({}, {}), "until 1970-01-12T13:46:39Z, and it is"},
  };
  for (const auto& [scope, attributes, why] : outside) {
    const auto refused = checked(attributes, scoped(scope));
    EXPECT_EQ(refused.code(), Errc::kNoTrustedKey);
    EXPECT_THAT(refused.status().what(), HasSubstr("the key " + fingerprint(0)));
    EXPECT_THAT(refused.status().what(), HasSubstr(why));
    EXPECT_THAT(refused.status().advice(), HasSubstr("scope"));
  }
}

TEST(KeyScope, TakesASignatureOutOfTheThreshold) {
  const TrustPolicy two = scoped(serials({}, 41), {0, 1}, 2);
  EXPECT_TRUE(checked(attributes_of({}, 41), two, {0, 1}).ok());
  EXPECT_EQ(checked(attributes_of({}, 42), two, {0, 1}).code(), Errc::kNoTrustedKey);
  const TrustPolicy one = scoped(serials({}, 41), {0, 1}, 1);
  const auto manifest = checked(attributes_of({}, 42), one, {0, 1});
  ASSERT_TRUE(manifest.ok());
  EXPECT_THAT(manifest->signers(), ElementsAre(fingerprint(1))) << "the other one does not count";
}

// A false signature is evidence of tampering, and a revoked key a reason to refuse, whatever the
// scope: it is not known before the signatures are checked.
TEST(KeyScope, ExcusesNothing) {
  const TrustPolicy policy = scoped(for_names({"shop"}), {0, 1});
  std::string text = manifest_for(kScopedFile, attributes_of("tools", 1), {1});
  const std::string other = manifest_for(kScopedFile, attributes_of("tools", 2), {0});
  text = other.substr(0, other.find('\n') + 1) + text;
  EXPECT_EQ(Manifest::check(buffer_of(text), policy, {}).code(), Errc::kBadSignature);
  TrustPolicy revoking = scoped(for_names({"shop"}), {0, 1});
  revoking.revoked = {fingerprint(0)};
  EXPECT_EQ(checked(attributes_of("tools", {}), revoking, {0, 1}).code(), Errc::kKeyRevoked);
}

// The scope is asked before the policy's own bounds, which are for all keys.
TEST(KeyScope, NarrowsThePolicy) {
  TrustPolicy policy = scoped(for_names({"shop", "tools"}));
  policy.names = {{"shop"}};
  policy.min_serial = {{"", 5}};
  EXPECT_EQ(checked(attributes_of("tools", 5), policy).code(), Errc::kWrongName);
  EXPECT_EQ(checked(attributes_of("shop", 4), policy).code(), Errc::kRollback);
  EXPECT_TRUE(checked(attributes_of("shop", 5), policy).ok());
}

TEST(KeyScope, WantsSomethingInside) {
  EXPECT_EQ(scoped(for_names({})).validate().code(), Errc::kUsage);
  EXPECT_EQ(scoped(serials(2, 1)).validate().code(), Errc::kUsage);
  EXPECT_TRUE(scoped(serials(1, 1)).validate().ok());
  EXPECT_EQ(checked({}, scoped(serials(2, 1))).code(), Errc::kUsage);
}

TEST(KeyScope, GivesNoKeyTwice) {
  TrustPolicy policy = scoped(for_names({"shop"}), {0});
  policy.keys.emplace_back(test_key(0).public_key(), for_names({"tools"}));
  EXPECT_EQ(policy.validate().code(), Errc::kUsage);
}

TEST(KeyScope, AsksTheClockOnce) {
  TrustPolicy policy = scoped(until(kNow));
  int asked = 0;
  policy.now = [&asked] { return kNow + asked++; };
  EXPECT_TRUE(checked({}, policy).ok());
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace signedvfs
