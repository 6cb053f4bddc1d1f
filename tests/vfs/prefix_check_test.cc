#include "vfs/prefix_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/signing.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

Prefix prefix_of(const std::string& text) {
  return {expect(digest_of(HashType::kSha256, bytes_of(text))), text.size()};
}

Status checked(const std::string& there, const std::optional<Prefix>& prefix) {
  return check_prefix(there.size(), prefix, [&](const auto& sink) -> Status {
    for (const char& c : there) SIGNEDVFS_TRY(sink(bytes_of({&c, 1})));
    return {};
  });
}

TEST(PrefixCheck, AccountsForEveryByte) {
  // A18: bytes in front of the archive
  EXPECT_TRUE(checked("", {}).ok());
  EXPECT_TRUE(checked("#!run", prefix_of("#!run")).ok());
  for (const char* there : {"", "#!ru", "#!runs", "#!rum"}) {
    EXPECT_EQ(checked(there, prefix_of("#!run")).code(), Errc::kPrefixMismatch) << there;
  }
  EXPECT_THAT(checked("#", {}).what(), HasSubstr("1 byte stands in front"));
  EXPECT_THAT(checked("#!", {}).what(), HasSubstr("2 bytes stand in front"));
}

TEST(PrefixCheck, HoldsWhatIsReadToTheLengthThatWasFound) {
  const auto nothing = [](const auto&) { return Status(); };
  EXPECT_EQ(check_prefix(5, prefix_of("#!run"), nothing).code(), Errc::kPrefixMismatch);
  const auto fails = [](const auto&) { return Status(Errc::kShrunk, ""); };
  EXPECT_EQ(check_prefix(5, prefix_of("#!run"), fails).code(), Errc::kShrunk);
}

TEST(PrefixCheck, LetsMembersBeReadBehindWhatNobodyHasSigned) {
  EXPECT_TRUE(check_prefix_length(7, {}).ok());
  EXPECT_EQ(check_prefix_length(7, prefix_of("#!run")).code(), Errc::kPrefixMismatch);
  EXPECT_EQ(check_prefix_is_signed(7, {}).code(), Errc::kPrefixMismatch);
  EXPECT_TRUE(check_prefix_is_signed(5, prefix_of("#!run")).ok());
}

}  // namespace
}  // namespace signedvfs
