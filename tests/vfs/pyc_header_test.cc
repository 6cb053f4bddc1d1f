#include "vfs/pyc_header.h"

#include <gtest/gtest.h>

#include <string>

#include "archive/base/byte_builder.h"

namespace signedvfs {
namespace {

ByteBuilder file_with(std::uint32_t flags) {
  ByteBuilder out;
  out.u32(0x0a0d0d0b).u32(flags).text("12345678").text("code");
  return out;
}

TEST(PycHeader, SaysWhatStandsThere) {
  const ByteBuilder file = file_with(3);
  const auto header = read_pyc_header(file.bytes());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->magic, 0x0a0d0d0bU);
  EXPECT_EQ(header->flags, 3U);
  EXPECT_EQ(text_of(header->rest), "12345678");
}

TEST(PycHeader, KnowsTheFlagsOfPep552) {
  for (std::uint32_t flags = 0; flags < 8; ++flags) {
    const ByteBuilder file = file_with(flags);
    const auto header = read_pyc_header(file.bytes());
    ASSERT_TRUE(header);
    EXPECT_EQ(header->has_known_flags(), flags == 0 || flags == 1 || flags == 3) << flags;
    EXPECT_EQ(header->is_hash_based(), flags % 2 == 1) << flags;
    EXPECT_EQ(header->checks_source(), flags == 2 || flags == 3 || flags > 5) << flags;
  }
}

TEST(PycHeader, IsNotInAShorterFile) {
  const ByteBuilder file = file_with(0);
  for (std::size_t size = 0; size <= file.size(); ++size) {
    EXPECT_EQ(read_pyc_header(file.bytes().first(size)).has_value(), size >= PycHeader::kBytes);
  }
}

}  // namespace
}  // namespace signedvfs
