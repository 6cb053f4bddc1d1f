#include "vfs/manifest/rfc3339.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace signedvfs {
namespace {

constexpr std::pair<std::string_view, std::int64_t> kTimes[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1969-12-31T23:59:59Z", -1},
    {"2000-02-29T12:34:56Z", 951'827'696},
    {"2024-02-29T23:59:59Z", 1'709'251'199},
    {"2038-01-19T03:14:08Z", 2'147'483'648},
    {"0000-01-01T00:00:00Z", -62'167'219'200},
    {"9999-12-31T23:59:59Z", 253'402'300'799},
};

TEST(Rfc3339, ReadsAndWritesTimes) {
  for (const auto& [text, seconds] : kTimes) {
    EXPECT_EQ(parse_utc(text), seconds) << text;
    EXPECT_EQ(format_utc(seconds), text);
  }
}

TEST(Rfc3339, RoundTripsEveryDayOfFourCenturies) {
  constexpr std::int64_t kDay = 86'400;
  for (std::int64_t day = 0; day < 146'097; ++day) {
    ASSERT_EQ(parse_utc(format_utc(day * kDay + day % kDay)), day * kDay + day % kDay);
  }
}

TEST(Rfc3339, RefusesOtherFormsAndTimesThatAreNone) {
  for (const std::string_view text : {
           "",
           "2027-06-30",
           "2027-06-30T00:00Z",
           "2027-06-30T00:00:00",
           "2027-06-30t00:00:00z",
           "2027-06-30 00:00:00Z",
           "2027-06-30T00:00:00.0Z",
           "2027-06-30T00:00:00+00:00",
           "2027-06-30T00:00:00Z ",
           " 2027-06-30T00:00:00Z",
           "2027-06-30T00:00:00Z\n",
           "02027-06-30T00:00:00Z",
           "-027-06-30T00:00:00Z",
           "+027-06-30T00:00:00Z",
           "2027-6-30T00:00:00Z",
           "2027-06-30T 0:00:00Z",
           "20d7-06-30T00:00:00Z",  // the letter that stands for a digit in our own pattern
           "dddd-dd-ddTdd:dd:ddZ",
           "2027-00-30T00:00:00Z",
           "2027-13-30T00:00:00Z",
           "2027-06-00T00:00:00Z",
           "2027-06-31T00:00:00Z",
           "2027-02-29T00:00:00Z",
           "2100-02-29T00:00:00Z",
           "2027-06-30T24:00:00Z",
           "2027-06-30T00:60:00Z",
           "2016-12-31T23:59:60Z",  // a real leap second
       }) {
    EXPECT_FALSE(parse_utc(text)) << text;
  }
}

TEST(Rfc3339, WritesTimesThatHaveNoTextAsTheNearestThatHas) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(format_utc(kLeast), "0000-01-01T00:00:00Z");
  EXPECT_EQ(format_utc(-62'167'219'201), "0000-01-01T00:00:00Z");
  EXPECT_EQ(format_utc(253'402'300'800), "9999-12-31T23:59:59Z");
  EXPECT_EQ(format_utc(kMost), "9999-12-31T23:59:59Z");
}

}  // namespace
}  // namespace signedvfs
