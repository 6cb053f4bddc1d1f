#include "archive/lenient/zip64.h"

#include <gtest/gtest.h>

#include "archive/base/buffer.h"
#include "archive/zip/format.h"
#include "tests/support/zip_builder.h"

namespace signedvfs {
namespace {

constexpr std::uint64_t kFull = kZipSaturated32;
constexpr std::uint64_t kBig = std::uint64_t{1} << 33U;

struct Fields {
  std::uint64_t size;
  std::uint64_t stored;
  std::uint64_t offset;
};

bool resolve(Fields& fields, const std::string& value) {
  return resolve_zip64(bytes_of(value), {&fields.size, &fields.stored, &fields.offset});
}

std::string values(std::initializer_list<std::uint64_t> list) {
  std::string out;
  for (const std::uint64_t value : list) out += little_endian(value, 8);
  return out;
}

TEST(Zip64, GivesSaturatedFieldsTheirValues) {
  Fields fields{kFull, 7, kFull};
  EXPECT_TRUE(resolve(fields, values({kBig, kBig + 1})));
  EXPECT_EQ(fields.size, kBig);
  EXPECT_EQ(fields.stored, 7U);
  EXPECT_EQ(fields.offset, kBig + 1);
}

TEST(Zip64, MayRepeatWhatTheHeaderSays) {
  Fields fields{10, kFull, 5};
  EXPECT_TRUE(resolve(fields, values({10, 7, 5}) + little_endian(0, 4)));
  EXPECT_EQ(fields.stored, 7U);
  Fields none{1, 2, 3};
  EXPECT_TRUE(resolve(none, ""));
  EXPECT_TRUE(resolve(none, values({1})));
  EXPECT_TRUE(resolve(none, little_endian(0, 4)));
}

TEST(Zip64, ChangesNothingWhereItFails) {
  for (const std::string& value :
       {values({kBig}), values({kBig, 8, 9}), std::string(), std::string("123"),
        values({kBig, 7, 3}) + little_endian(1, 4), values({kBig, 7, 3, 0, 0})}) {
    Fields fields{kFull, 7, kFull};
    EXPECT_FALSE(resolve(fields, value)) << value.size();
    EXPECT_EQ(fields.size, kFull);
    EXPECT_EQ(fields.stored, 7U);
    EXPECT_EQ(fields.offset, kFull);
  }
}

}  // namespace
}  // namespace signedvfs
