#include "archive/base/block_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace signedvfs {
namespace {

// Sizes around those at which blocks are kept, and far from them.
const std::vector<std::size_t> kSizes{0,       1,       2047,      2048,      2049,      4095,
                                      4096,    4097,    8192,      8193,      65'536,    100'000,
                                      131'073, 524'289, 1'048'575, 1'048'576, 1'048'577, 5'000'000};

TEST(BlockPool, EveryByteOfABlockIsOurs) {
  for (int round = 0; round < 3; ++round) {
    for (const std::size_t taken : kSizes) {
      for (const std::size_t size : kSizes) {
        take_block(taken).reset();  // kept perhaps, and perhaps what comes next
        const Memory block = take_block(size);
        ASSERT_NE(block, nullptr);
        if (size > 0) std::memset(block.get(), 0x5a, size);
      }
    }
  }
}

TEST(BlockPool, NobodyElseHasABlockThatIsInUse) {
  for (const std::size_t size : kSizes) {
    std::vector<Memory> blocks;
    std::set<const std::byte*> addresses;
    for (int i = 0; i < 10; ++i) {
      blocks.push_back(take_block(size));
      EXPECT_TRUE(addresses.insert(blocks.back().get()).second) << size;
    }
  }
}

TEST(BlockPool, ThreadsPassBlocksToEachOther) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 2000; ++i) {
        const std::size_t size = 5000U + static_cast<std::size_t>(i % 3) * 5000U;
        const Memory block = take_block(size);
        std::memset(block.get(), t, size);
        for (std::size_t at = 0; at < size; at += 997) {
          ASSERT_EQ(block[at], static_cast<std::byte>(t));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace signedvfs
