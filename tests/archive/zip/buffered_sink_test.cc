#include "archive/zip/buffered_sink.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace signedvfs {
namespace {

TEST(BufferedSink, PassesEverythingOnInOrderAndTogether) {
  std::string expected;
  std::string got;
  std::size_t calls = 0;
  BufferedSink sink([&](std::span<const std::byte> bytes) {
    EXPECT_FALSE(bytes.empty());
    got += text_of(bytes);
    ++calls;
    return Status();
  });
  const std::vector<std::size_t> sizes{1, 30,      70'000, 0,       131'072, 131'073,
                                       5, 131'073, 7,      262'144, 9,       1'000'000};
  std::size_t writes = 0;
  for (const std::size_t size : sizes) {
    for (int i = 0; i < 20; ++i, ++writes) {
      const std::string piece(size, static_cast<char>('a' + i));
      expected += piece;
      ASSERT_TRUE(sink.write(bytes_of(piece)).ok());
    }
  }
  ASSERT_TRUE(sink.flush().ok());
  EXPECT_TRUE(got == expected);
  EXPECT_LT(calls, writes);
  EXPECT_TRUE(sink.flush().ok()) << "of nothing";
}

TEST(BufferedSink, FailsAsTheSinkDoes) {
  const auto broken = [](std::span<const std::byte>) { return Status(Errc::kIo, "full"); };
  BufferedSink sink(broken);
  EXPECT_TRUE(sink.write(bytes_of("x")).ok()) << "nobody has been asked yet";
  EXPECT_EQ(sink.flush().what(), "full");
  EXPECT_EQ(BufferedSink(broken).write(bytes_of(std::string(1'000'000, 'x'))).what(), "full");
}

}  // namespace
}  // namespace signedvfs
