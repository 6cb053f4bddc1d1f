// What archive/ shares between threads, and attackers beside them; most useful under
// ThreadSanitizer.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "archive/members/codec.h"
#include "archive/opening.h"
#include "support/temporary_directory.h"

namespace signedvfs {
namespace {

Status unpack(const Packed& packed, std::size_t stored, std::size_t size) {
  Buffer out(size);
  return unpack_into(packed.method, packed.bytes.bytes().first(stored), packed.crc32, out.bytes());
}

// Decoders are kept per thread: after a failure they must be as good as new, and threads must not
// meet in them.
TEST(Concurrency, DecodersCanBeUsedAgainAfterFailuresAndFromThreads) {
  std::string content;
  while (content.size() < 100'000) content += "line " + std::to_string(content.size()) + '\n';
  for (const Method method : {Method::kStored, Method::kDeflate, Method::kZstd}) {
    const auto packed = pack_member(bytes_of(content), method);
    ASSERT_TRUE(packed.ok());
    const std::size_t whole = packed->bytes.size();
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          if (unpack(*packed, whole / 2, content.size()).ok()) ++wrong;
          if (!unpack(*packed, whole, content.size()).ok()) ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
  }
}

// K2: a component that is a directory at one moment and a link at the next
TEST(Concurrency, ReadingNeverLeavesADirectoryWhileItIsRearranged) {
  const TemporaryDirectory tree;
  const TemporaryDirectory outside;
  outside.write("m.py", "evil");
  tree.write("pkg/m.py", "good");
  std::filesystem::create_directory_symlink(outside.path(), tree / "link");
  const auto container = open_container(tree.path(), {}).value();
  std::atomic<bool> done{false};
  std::atomic<int> swaps{0};
  std::thread attacker([&] {
    while (!done) {
      ::renameat2(AT_FDCWD, (tree / "pkg").c_str(), AT_FDCWD, (tree / "link").c_str(),
                  RENAME_EXCHANGE);
      ++swaps;
    }
  });
  int good = 0;
  int evil = 0;
  for (int i = 0; i < 20'000 || swaps < 100; ++i) {
    const auto content = container->read("pkg/m.py");
    if (!content.ok()) {
      if (content.code() != Errc::kNotRegular) ++evil;
    } else if (text_of(content->bytes()) == "good") {
      ++good;
    } else {
      ++evil;
    }
  }
  done = true;
  attacker.join();
  EXPECT_GT(good, 0);
  EXPECT_EQ(evil, 0);
}

}  // namespace
}  // namespace signedvfs
