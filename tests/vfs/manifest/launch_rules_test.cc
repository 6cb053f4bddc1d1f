#include "vfs/manifest/launch_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/signing.h"

namespace signedvfs {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;

using LaunchChange = std::function<void(LaunchRules&)>;

Result<LaunchRules> decoded(std::string_view section) {
  return decode_launch_rules(bytes_of(section));
}

LaunchRules one_key() {
  LaunchRules rules;
  rules.policy = trusting();
  return rules;
}

// launch_rules_of_everything returns rules of which no field has its default, but for `hardened`,
// which allows no preloads.
LaunchRules launch_rules_of_everything() {
  LaunchRules rules;
  rules.policy = trusting({2, 0, 1}, 2);
  KeyScope& scope = rules.policy.keys[1].scope;
  scope.names = {"app", "app-tools", ""};
  scope.min_serial = 3;
  scope.max_serial = std::numeric_limits<std::uint64_t>::max();
  scope.not_after = -5;
  rules.policy.keys[2].scope.max_serial = 0;
  rules.policy.names = {"app", "b\xc3\xa4r"};
  rules.policy.min_serial = {{"", 1}, {"app", 0x0123456789abcdef}};
  rules.policy.revoked = {fingerprint(3), std::string(64, 'a')};
  rules.policy.native.libraries = {"libodbc.so.2", "libGL.so.1"};
  rules.policy.native.preloads = {"libjemalloc.so.2"};
  rules.policy.native.directory = "/var/lib/app";
  rules.shows_info = true;
  rules.verifies_all = true;
  return rules;
}

void expect_same(const LaunchRules& a, const LaunchRules& b) {
  EXPECT_EQ(a.policy.keys, b.policy.keys);
  EXPECT_EQ(a.policy.threshold, b.policy.threshold);
  EXPECT_EQ(a.policy.names, b.policy.names);
  EXPECT_EQ(a.policy.min_serial, b.policy.min_serial);
  EXPECT_EQ(a.policy.revoked, b.policy.revoked);
  EXPECT_EQ(a.policy.legacy, b.policy.legacy);
  EXPECT_EQ(a.policy.native.libraries, b.policy.native.libraries);
  EXPECT_EQ(a.policy.native.preloads, b.policy.native.preloads);
  EXPECT_EQ(a.policy.native.directory, b.policy.native.directory);
  EXPECT_EQ(a.shows_info, b.shows_info);
  EXPECT_EQ(a.verifies_all, b.verifies_all);
  EXPECT_EQ(a.hardened, b.hardened);
}

// sealed_launch returns `section` with the digest that its first bytes have.
std::string sealed_launch(std::string section) {
  section.resize(kLaunchDigestAt, '\0');
  const Digest digest = expect(digest_of(HashType::kSha256, bytes_of(section)));
  return section.append(text_of(digest.value()));
}

// replaced_launch puts `to`, of the same size, in the place of `from`, which is there once.
std::string replaced_launch(std::string section, std::string_view from, std::string_view to) {
  const std::size_t at = section.find(from);
  EXPECT_NE(at, std::string::npos);
  EXPECT_EQ(section.find(from, at + 1), std::string::npos);
  EXPECT_EQ(from.size(), to.size());
  return sealed_launch(section.replace(at, from.size(), to));
}

void expect_damaged(std::string_view section, std::string_view what) {
  const auto rules = decoded(section);
  ASSERT_EQ(rules.code(), Errc::kBadRecord) << what;
  EXPECT_THAT(rules.status().what(), HasSubstr(std::string(what)));
  EXPECT_NE(rules.status().advice(), "");
}

TEST(LaunchRules, ComeBackAsTheyWere) {
  const LaunchRules rules = launch_rules_of_everything();
  const std::string section = expect(encode_launch_rules(rules));
  EXPECT_EQ(section.size(), kLaunchSectionSize);
  expect_same(expect(decoded(section)), rules);
  expect_same(expect(decoded(expect(encode_launch_rules(one_key())))), one_key());
}

TEST(LaunchRules, ComeBackWithEachFieldAlone) {
  const std::vector<LaunchChange> changes = {
      [](LaunchRules& it) { it.shows_info = true; },
      [](LaunchRules& it) { it.verifies_all = true; },
      [](LaunchRules& it) { it.hardened = true; },
      [](LaunchRules& it) { it.policy = trusting({0, 1, 2, 3}, 4); },
      [](LaunchRules& it) { it.policy.keys[0].scope.names = {"x"}; },
      [](LaunchRules& it) { it.policy.keys[0].scope.min_serial = 0; },
      [](LaunchRules& it) { it.policy.keys[0].scope.max_serial = 1; },
      [](LaunchRules& it) { it.policy.keys[0].scope.not_after = 1'800'000'000; },
      [](LaunchRules& it) { it.policy.names.emplace(); },
      [](LaunchRules& it) { it.policy.names = {std::string("\0\xff", 2)}; },
      [](LaunchRules& it) { it.policy.min_serial = {{"app", 9}}; },
      [](LaunchRules& it) { it.policy.revoked = {fingerprint(0)}; },
      [](LaunchRules& it) { it.policy.native.libraries = {"libone.so"}; },
      [](LaunchRules& it) { it.policy.native.preloads = {"libone.so"}; },
      [](LaunchRules& it) { it.policy.native.directory = "/"; },
  };
  const std::string plain = expect(encode_launch_rules(one_key()));
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SCOPED_TRACE(i);
    LaunchRules rules = one_key();
    changes[i](rules);
    const std::string section = expect(encode_launch_rules(rules));
    EXPECT_NE(section, plain);
    expect_same(expect(decoded(section)), rules);
  }
}

TEST(LaunchRules, GoByTheClockOfTheSystem) {
  const auto rules = decoded(expect(encode_launch_rules(one_key())));
  ASSERT_TRUE(rules.ok());
  EXPECT_GT(rules->policy.now(), 1'700'000'000);
}

TEST(LaunchRules, StandWhereTheFormatSays) {
  LaunchRules rules = one_key();
  rules.verifies_all = true;
  const std::string section = expect(encode_launch_rules(rules));
  EXPECT_EQ(section.substr(0, 12), "SVFSKEY1\x01\x00\x02\x00"sv);
  // Threshold, number of keys; a key of 44 bytes without a scope; nothing else.
  EXPECT_EQ(section.substr(12, 4), std::string("\x40\x00\x00\x00", 4));
  EXPECT_EQ(section.substr(16, 8), std::string("\x01\x00\x00\x00\x01\x00\x2c\x00", 8));
  EXPECT_EQ(section.substr(24, 44), text_of(test_key().public_key().der()));
  EXPECT_EQ(section.substr(68, kLaunchDigestAt - 68), std::string(kLaunchDigestAt - 68, '\0'));
  EXPECT_EQ(section, sealed_launch(section));
}

TEST(LaunchRules, AreRefusedWithAnyBitFlipped) {
  std::string section = expect(encode_launch_rules(launch_rules_of_everything()));
  for (std::size_t at = 0; at < section.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      const char before = section[at];
      section[at] = static_cast<char>(static_cast<unsigned char>(before) ^ (1U << bit));
      EXPECT_EQ(decoded(section).code(), Errc::kBadRecord) << at << ' ' << bit;
      section[at] = before;
    }
  }
  EXPECT_TRUE(decoded(section).ok());
}

TEST(LaunchRules, AreRefusedInAnotherSize) {
  const std::string section = expect(encode_launch_rules(one_key()));
  for (std::size_t size = 0; size < section.size(); ++size) {
    EXPECT_EQ(decoded(std::string_view(section).substr(0, size)).code(), Errc::kBadRecord) << size;
  }
  expect_damaged(section + '\0', "4097 bytes and not 4096");
}

// The payload is cut at each byte, and so is what says how long it is.
TEST(LaunchRules, AreRefusedWithAPayloadCutShort) {
  const std::string section = expect(encode_launch_rules(launch_rules_of_everything()));
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(section[at]); };
  const unsigned size = byte(12) + 256U * byte(13);
  ASSERT_GT(size, 400U);
  for (unsigned cut = 0; cut < size; ++cut) {
    std::string part = section.substr(0, kLaunchPayloadAt + cut);
    part[12] = static_cast<char>(cut & 0xffU);
    part[13] = static_cast<char>(cut >> 8U);
    EXPECT_EQ(decoded(sealed_launch(part)).code(), Errc::kBadRecord) << cut;
    std::string longer = section;
    longer[12] = static_cast<char>((size + 1 + cut) & 0xffU);
    longer[13] = static_cast<char>((size + 1 + cut) >> 8U);
    EXPECT_EQ(decoded(sealed_launch(longer)).code(), Errc::kBadRecord) << cut;
  }
}

TEST(LaunchRules, WereNeverGiven) {
  constexpr auto kUnpatched = unpatched_launch_section();
  std::string section(kUnpatched.begin(), kUnpatched.end());
  EXPECT_EQ(section.size(), kLaunchSectionSize);
  EXPECT_TRUE(is_unpatched_launch_section(bytes_of(section)));
  const auto rules = decoded(section);
  ASSERT_EQ(rules.code(), Errc::kNoTrustedKey);
  EXPECT_THAT(rules.status().what(), HasSubstr("never given a key"));
  EXPECT_THAT(rules.status().advice(), HasSubstr("signedvfs build"));
  // Neither nothing at all nor a digest behind nothing is that state.
  expect_damaged(std::string(kLaunchSectionSize, '\0'), "does not begin");
  expect_damaged(sealed_launch(section), "does not fit");
  EXPECT_FALSE(is_unpatched_launch_section(bytes_of(std::string_view(section).substr(1))));
  EXPECT_FALSE(is_unpatched_launch_section(bytes_of(section + '\0')));
  section.back() = 1;
  EXPECT_FALSE(is_unpatched_launch_section(bytes_of(section)));
  expect_damaged(section, "SHA-256");
}

TEST(LaunchRules, HaveOneSpelling) {
  LaunchRules rules = one_key();
  rules.policy.names = {"aa", "bb"};
  rules.policy.min_serial = {{"cc", 1}, {"dd", 1}};
  const std::string section = expect(encode_launch_rules(rules));
  const auto serial = [](const std::string& name) {
    return std::string("\x02\0", 2) + name + std::string("\x01\0\0\0\0\0\0\0", 8);
  };
  constexpr std::string_view kWhat = "in the one way";
  expect_damaged(replaced_launch(section, "aa\x02\0bb"sv, "bb\x02\0aa"sv), kWhat);
  expect_damaged(replaced_launch(section, "aa\x02\0bb"sv, "aa\x02\0aa"sv), kWhat);
  expect_damaged(replaced_launch(section, serial("cc") + serial("dd"), serial("dd") + serial("cc")),
                 kWhat);
  expect_damaged(replaced_launch(section, serial("cc") + serial("dd"), serial("cc") + serial("cc")),
                 kWhat);
  // The byte that says that there are names, behind that of a scope without bounds.
  expect_damaged(replaced_launch(section, "\x01\x02\0\x02\0aa"sv, "\x02\x02\0\x02\0aa"sv), kWhat);
  std::string other = section;
  other[kLaunchPayloadAt + 8 + 44] = 0x10;  // a bound that is not known
  expect_damaged(sealed_launch(other), kWhat);
  other = section;
  other[kLaunchDigestAt - 1] = 1;
  expect_damaged(sealed_launch(other), kWhat);
}

TEST(LaunchRules, HaveAFrameThatIsKnown) {
  const std::string section = expect(encode_launch_rules(one_key()));
  std::string other = section;
  other[0] = 's';
  expect_damaged(sealed_launch(other), "does not begin");
  other = section;
  other[8] = 2;
  expect_damaged(sealed_launch(other), "format");
  other = section;
  other[10] = 8;
  expect_damaged(sealed_launch(other), "flag");
  other = section;
  other[14] = 1;
  expect_damaged(sealed_launch(other), "larger than the section");
  other = section;
  other[12] = static_cast<char>(static_cast<unsigned char>(other[12]) + 1);
  expect_damaged(sealed_launch(other), "bytes behind the policy");
}

TEST(LaunchRules, AreRefusedWhereTheyMakeNoSense) {
  const std::string section = expect(encode_launch_rules(one_key()));
  std::string other = section;
  other[16] = 0;
  expect_damaged(sealed_launch(other), "threshold 0");
  other = section;
  other[16] = 2;
  expect_damaged(sealed_launch(other), "cannot be reached");
  other = section;
  other[19] = static_cast<char>(0x80);
  expect_damaged(sealed_launch(other), "more keys than there can be");
  other = section;
  other[12] = 20;
  expect_damaged(sealed_launch(other), "keys do not fit");
  // No key at all.
  expect_damaged(
      sealed_launch(section.substr(0, 8) + std::string("\1\0\0\0\x11\0\0\0\1\0\0\0", 12)),
      "trusts no key");
  // A point that is none.
  other = section;
  other.replace(36, 32, std::string(32, '\0'));
  EXPECT_EQ(decoded(sealed_launch(other)).code(), Errc::kWeakKey);
  other = section;
  other[24] = 'x';
  const auto rules = decoded(sealed_launch(other));
  ASSERT_EQ(rules.code(), Errc::kBadKey);
  EXPECT_THAT(rules.status().what(), HasSubstr("key 1 of the launcher"));
}

TEST(LaunchRules, CannotStateEverything) {
  struct Refusal {
    LaunchChange change;
    std::string_view what;
  };
  const std::vector<Refusal> cases = {
      {[](LaunchRules& it) { it.policy.keys.clear(); }, "trusts no key"},
      {[](LaunchRules& it) { it.policy.threshold = 2; }, "cannot be reached"},
      {[](LaunchRules& it) { it.policy.legacy = true; }, "signedimp"},
      {[](LaunchRules& it) { it.policy.now = [] { return std::int64_t{0}; }; }, "clock"},
      {[](LaunchRules& it) { it.policy.now = nullptr; }, "clock"},
      {[](LaunchRules& it) { it.policy.native.libraries = {"a/b.so"}; }, "'a/b.so'"},
      {[](LaunchRules& it) { it.policy.native.libraries = {""}; }, "no name of a library"},
      {[](LaunchRules& it) { it.policy.native.preloads = {std::string("a\0b", 3)}; }, "no name"},
      {[](LaunchRules& it) { it.policy.native.directory = "here"; }, "no absolute path"},
      {[](LaunchRules& it) { it.policy.native.directory = std::string("/a\0", 3); }, "absolute"},
  };
  for (const Refusal& one : cases) {
    LaunchRules rules = one_key();
    one.change(rules);
    const auto section = encode_launch_rules(rules);
    ASSERT_EQ(section.code(), Errc::kUsage) << one.what;
    EXPECT_THAT(section.status().what(), HasSubstr(std::string(one.what)));
  }
}

TEST(LaunchRules, FitIntoTheSectionOrAreRefused) {
  LaunchRules rules = one_key();
  // What one key and a policy of nothing take, with the size of the directory in it.
  const std::size_t room = kLaunchPayloadRoom - 0x40;
  rules.policy.native.directory = std::string(room, '/');
  expect_same(expect(decoded(expect(encode_launch_rules(rules)))), rules);
  for (const std::size_t more : {room + 1, std::size_t{0x10000}, std::size_t{0x100000}}) {
    rules.policy.native.directory = std::string(more, '/');
    const auto section = encode_launch_rules(rules);
    ASSERT_EQ(section.code(), Errc::kUsage);
    EXPECT_THAT(section.status().what(), HasSubstr("a launcher has room for 4048"));
    EXPECT_NE(section.status().advice(), "");
  }
}

}  // namespace
}  // namespace signedvfs
