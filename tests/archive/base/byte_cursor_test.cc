#include "archive/base/byte_cursor.h"

#include <gtest/gtest.h>

#include <string_view>

#include "archive/base/buffer.h"
#include "archive/base/byte_builder.h"

namespace signedvfs {
namespace {

using namespace std::string_view_literals;

TEST(ByteCursor, ReadsLittleEndianFields) {
  ByteCursor cursor(bytes_of("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\xffname!"sv));
  EXPECT_EQ(cursor.u16(), 0x0201);
  EXPECT_EQ(cursor.u32(), 0x06050403U);
  EXPECT_EQ(cursor.u64(), 0xff0d0c0b0a090807U);
  EXPECT_EQ(cursor.text(4), "name");
  EXPECT_EQ(cursor.remaining(), 1U);
  EXPECT_TRUE(cursor.ok());
}

// A14: lengths beyond the end, up to the largest there is
TEST(ByteCursor, NeverGoesPastTheEnd) {
  for (const std::size_t count : {std::size_t{4}, std::size_t{1000}, ~std::size_t{0}}) {
    ByteCursor cursor(bytes_of("abc"));
    EXPECT_TRUE(cursor.take(count).empty());
    EXPECT_FALSE(cursor.ok());
    EXPECT_EQ(cursor.remaining(), 0U);
    EXPECT_EQ(cursor.u16(), 0);
    EXPECT_FALSE(cursor.ok());
  }
  ByteCursor cursor(bytes_of("abc"));
  EXPECT_EQ(cursor.u32(), 0U);
  EXPECT_FALSE(cursor.ok());
}

TEST(ByteBuilder, WritesWhatTheCursorReads) {
  ByteBuilder builder;
  builder.u16(0xfedc).u32(0x01234567).text("text").u64(0x89abcdef01234567).u8(0x1f0);
  EXPECT_EQ(builder.size(), 19U);
  ByteCursor cursor(builder.bytes());
  EXPECT_EQ(cursor.u16(), 0xfedc);
  EXPECT_EQ(cursor.u32(), 0x01234567U);
  EXPECT_EQ(cursor.text(4), "text");
  EXPECT_EQ(cursor.u64(), 0x89abcdef01234567U);
  EXPECT_EQ(cursor.u8(), 0xf0U);
  EXPECT_EQ(cursor.remaining(), 0U);
  EXPECT_EQ(cursor.u8(), 0U);
  EXPECT_FALSE(cursor.ok());
}

}  // namespace
}  // namespace signedvfs
