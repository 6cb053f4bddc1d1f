#include "archive/base/buffer.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "archive/base/allocate.h"

namespace signedvfs {
namespace {

std::vector<std::size_t>
    given_back;  // the size of each piece of memory, in the order of their ends

Memory memory_of(std::size_t size) {
  static const auto give_back = [](std::byte* memory, std::size_t bytes) noexcept {
    given_back.push_back(bytes);
    delete[] memory;
  };
  return Memory(new std::byte[size], GiveBack{give_back, size});
}

class BufferTest : public ::testing::Test {
 protected:
  BufferTest() { given_back.clear(); }
};

TEST_F(BufferTest, OwnsMemoryOfAnyKind) {
  Memory memory = memory_of(5);
  const std::byte* const place = memory.get();
  {
    const Buffer buffer(std::move(memory));
    EXPECT_EQ(buffer.bytes().data(), place);
    EXPECT_EQ(buffer.size(), 5U);
    EXPECT_TRUE(given_back.empty());
  }
  EXPECT_EQ(given_back, std::vector<std::size_t>{5});
}

TEST_F(BufferTest, GivesBackWhatItOwnedBefore) {
  Buffer first(memory_of(1));
  Buffer second(memory_of(2));
  first = std::move(second);
  EXPECT_EQ(given_back, std::vector<std::size_t>{1});
  EXPECT_EQ(first.size(), 2U);
  EXPECT_EQ(second.size(), 0U);  // NOLINT(bugprone-use-after-move): it says what is left
  first = Buffer(3);
  EXPECT_EQ(given_back, (std::vector<std::size_t>{1, 2}));
}

TEST_F(BufferTest, GivesAllOfItBackWithoutItsFront) {
  {
    Buffer buffer(memory_of(8));
    buffer.bytes()[3] = std::byte{7};
    buffer.drop_front(3);
    EXPECT_EQ(buffer.size(), 5U);
    EXPECT_EQ(buffer.bytes()[0], std::byte{7});
  }
  EXPECT_EQ(given_back, std::vector<std::size_t>{8});
}

TEST_F(BufferTest, OfNoMemoryIsEmpty) {
  const Buffer buffer{Memory()};
  EXPECT_EQ(buffer.size(), 0U);
  EXPECT_TRUE(buffer.bytes().empty());
}

TEST_F(BufferTest, IsAllocatedAsTheCallerChooses) {
  std::vector<std::size_t> asked;
  const Allocate allocate = [&](std::size_t size) -> Result<Buffer> {
    asked.push_back(size);
    return Buffer(memory_of(size));
  };
  {
    EXPECT_EQ(allocated(allocate, 6)->size(), 6U);
  }
  EXPECT_EQ(asked, std::vector<std::size_t>{6});
  EXPECT_EQ(given_back, std::vector<std::size_t>{6});
  EXPECT_EQ(allocated({}, 6)->size(), 6U);
  EXPECT_EQ(given_back.size(), 1U);
}

TEST_F(BufferTest, OfAnotherSizeIsNotAllocated) {
  for (const std::size_t size : {0U, 5U, 7U}) {
    const Allocate allocate = [&](std::size_t) -> Result<Buffer> { return Buffer(size); };
    EXPECT_EQ(allocated(allocate, 6).code(), Errc::kUsage);
  }
  const Allocate allocate = [](std::size_t) -> Result<Buffer> {
    return Status(Errc::kIo, "no memory of that kind");
  };
  EXPECT_EQ(allocated(allocate, 6).code(), Errc::kIo);
}

}  // namespace
}  // namespace signedvfs
