#include "vfs/manifest/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/signing.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Members kModules{{"a.py", "1"}, {"b.py", "2"}, {"c.py", "3"}};

// opened_with_order returns an archive whose header says `attributes.order` of the recorded text
// `text`.
Result<std::shared_ptr<const SignedVfs>> opened_with_order(const std::string& text,
                                                           const Order& order,
                                                           const std::string& stored) {
  Members members = kModules;
  members.emplace(kOrderName, text);
  Attributes attributes;
  attributes.order = order;
  members = with_manifest(members, attributes);
  members[std::string(kOrderName)] = stored;
  return SignedVfs::over(std::make_unique<MemoryContainer>(members), trusting());
}

Order order_of(const std::string& text, std::uint64_t count) {
  return {expect(digest_of(HashType::kSha256, bytes_of(text))), count};
}

TEST(ImportOrder, IsThePathsLineByLine) {
  EXPECT_THAT(expect(order_lines("b.py\na.py\n")), ElementsAre("b.py", "a.py"));
  EXPECT_THAT(expect(order_lines("caf\xc3\xa9 x.py\r\n")), ElementsAre("caf\xc3\xa9 x.py\r"));
}

TEST(ImportOrder, IsRefusedWhereItIsNotMadeOfLines) {
  for (const char* text : {"", "a.py", "a.py\nb.py", "\n", "a.py\n\n", "\na.py\n"}) {
    EXPECT_EQ(order_lines(text).code(), Errc::kBadManifest) << in_quotes(text);
  }
}

TEST(ImportOrder, NamesMembersOnlyAndEachOnce) {
  const auto is_member = [](std::string_view path) { return path != "x.py"; };
  EXPECT_TRUE(check_order({"b.py", "a.py"}, is_member).ok());
  const std::string itself(kOrderName);
  const std::string manifest(kManifestName);
  for (const std::vector<std::string>& paths :
       {std::vector<std::string>{"a.py", "x.py"}, {"a.py", "b.py", "a.py"}, {itself}, {manifest}}) {
    EXPECT_EQ(check_order(paths, is_member).code(), Errc::kBadManifest);
  }
  EXPECT_THAT(check_order({"a.py", "x.py"}, is_member).what(), HasSubstr("line 2: 'x.py'"));
}

TEST(SignedOrder, IsGivenAsItWasSigned) {
  const std::string text = "c.py\na.py\n";
  const auto vfs = expect(opened_with_order(text, order_of(text, 2), text));
  EXPECT_THAT(expect(vfs->order()), ElementsAre("c.py", "a.py"));
  EXPECT_TRUE(vfs->verify_all().ok());
}

TEST(SignedOrder, IsEmptyWhereNothingIsSaidOfIt) {
  Members members = kModules;
  members.emplace(kOrderName, "no order\n");
  const auto vfs = expect(
      SignedVfs::over(std::make_unique<MemoryContainer>(with_manifest(members)), trusting()));
  EXPECT_THAT(expect(vfs->order()), IsEmpty());
  EXPECT_TRUE(vfs->verify_all().ok());
}

TEST(SignedOrder, IsRefusedWhereTheMemberIsChangedOrMissing) {
  const std::string text = "c.py\na.py\n";
  const auto changed = expect(opened_with_order(text, order_of(text, 2), "a.py\nc.py\n"));
  EXPECT_EQ(changed->order().code(), Errc::kDigestMismatch);
  const Status refused = changed->verify_all();
  EXPECT_EQ(refused.code(), Errc::kDigestMismatch);
  EXPECT_EQ(refused.member(), kOrderName);

  Attributes attributes;
  attributes.order = order_of(text, 2);
  const auto missing = expect(SignedVfs::over(
      std::make_unique<MemoryContainer>(with_manifest(kModules, attributes)), trusting()));
  EXPECT_FALSE(missing->order().ok());
  EXPECT_FALSE(missing->verify_all().ok());
}

TEST(SignedOrder, IsRefusedWhereTheHeaderSaysSomethingElse) {
  const std::string text = "c.py\na.py\n";
  EXPECT_EQ(expect(opened_with_order(text, order_of("a.py\n", 2), text))->order().code(),
            Errc::kDigestMismatch);
  EXPECT_EQ(expect(opened_with_order(text, order_of(text, 3), text))->order().code(),
            Errc::kBadManifest);
}

TEST(SignedOrder, IsHeldToTheMembersWhenEverythingIsVerified) {
  for (const std::string& text : {std::string("c.py\nx.py\n"), std::string("c.py\nc.py\n")}) {
    const auto vfs = expect(opened_with_order(text, order_of(text, 2), text));
    const Status refused = vfs->verify_all();
    EXPECT_EQ(refused.code(), Errc::kBadManifest);
    EXPECT_THAT(refused.what(), HasSubstr("line 2"));
    EXPECT_THAT(refused.what(), HasSubstr(std::string(kOrderName)));
  }
}

}  // namespace
}  // namespace signedvfs
