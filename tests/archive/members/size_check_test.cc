#include "archive/members/size_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signedvfs {
namespace {

using testing::HasSubstr;

TEST(SizeCheck, NamesTheFieldThatWasExceeded) {
  Limits limits;
  limits.member_bytes = 100;
  limits.total_bytes = 150;
  limits.ratio = 10;
  SizeCheck sizes(limits);
  EXPECT_EQ(sizes.add("a", 101).limit(), "member_bytes");
  EXPECT_EQ(sizes.add("a", 100, 9).limit(), "ratio");
  EXPECT_TRUE(sizes.add("a", 100, 10).ok());
  const Status full = sizes.add("b", 51);
  EXPECT_EQ(full.code(), Errc::kTooLarge);
  EXPECT_EQ(full.limit(), "total_bytes");
  EXPECT_EQ(full.member(), "b");
  EXPECT_THAT(full.what(), HasSubstr("the limit total_bytes is 150"));
  EXPECT_TRUE(sizes.add("c", 50).ok());
  EXPECT_EQ(sizes.total(), 150U);
}

TEST(SizeCheck, AddsWithoutWrappingAround) {
  Limits limits;
  limits.member_bytes = limits.total_bytes = UINT64_MAX;
  limits.ratio = 0;
  SizeCheck sizes(limits);
  EXPECT_TRUE(sizes.add("a", UINT64_MAX).ok());
  EXPECT_EQ(sizes.add("b", 1).limit(), "total_bytes");
  EXPECT_TRUE(sizes.add("c", 0).ok());
}

TEST(SizeCheck, TakesARatioOfZeroForNoLimitAndAnyOtherFieldOfZeroForNothing) {
  EXPECT_TRUE(keeps_ratio(UINT64_MAX, 0, 0));
  EXPECT_FALSE(keeps_ratio(1, 0, 1));
  EXPECT_TRUE(keeps_ratio(0, 0, 1));
  Limits limits;
  limits.member_bytes = 0;
  EXPECT_EQ(SizeCheck(limits).add("a", 1).limit(), "member_bytes");
  EXPECT_TRUE(SizeCheck(limits).add("a", 0).ok());
  EXPECT_EQ(Limits{}.without_ratio().ratio, 0U);
}

}  // namespace
}  // namespace signedvfs
