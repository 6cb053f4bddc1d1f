#include "archive/os/mapping.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "archive/os/file_descriptor.h"
#include "tests/support/temporary_directory.h"

namespace signedvfs {
namespace {

class MappingTest : public ::testing::Test {
 protected:
  FileDescriptor open_file(int flags) const {
    return FileDescriptor(::open(path_.c_str(), flags | O_CLOEXEC));
  }

  // is_mapped tells whether this process has a mapping of the file.
  bool is_mapped() const {
    const std::string real = std::filesystem::canonical(path_);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
      if (line.ends_with(real)) return true;
    }
    return false;
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.write("file", "0123456789");
};

TEST_F(MappingTest, IsGivenBackWithItsOwner) {
  auto memory = map_for_reading(open_file(O_RDONLY).get(), 4);
  ASSERT_TRUE(memory.ok()) << memory.status().what();
  EXPECT_EQ(text_of({memory->get(), 4}), "0123");
  EXPECT_TRUE(is_mapped());
  memory->reset();
  EXPECT_FALSE(is_mapped());
}

TEST_F(MappingTest, ABufferOverItWritesTheFile) {
  {
    auto buffer = map_for_writing(open_file(O_RDWR).get(), 10);
    ASSERT_TRUE(buffer.ok()) << buffer.status().what();
    ASSERT_EQ(buffer->size(), 10U);
    std::copy_n(bytes_of("abc").begin(), 3, buffer->bytes().begin());
    buffer->drop_front(2);
    EXPECT_TRUE(is_mapped());
  }
  EXPECT_FALSE(is_mapped());
  std::ifstream file(path_);
  std::string text;
  std::getline(file, text);
  EXPECT_EQ(text, "abc3456789");
}

TEST_F(MappingTest, OfNothingIsNoMemory) {
  EXPECT_EQ(*map_for_reading(open_file(O_RDONLY).get(), 0), nullptr);
  EXPECT_EQ(map_for_writing(open_file(O_RDWR).get(), 0)->size(), 0U);
}

TEST_F(MappingTest, SaysWhyItFails) {
  EXPECT_EQ(map_for_writing(open_file(O_RDONLY).get(), 10).code(), Errc::kIo);
  EXPECT_EQ(map_for_reading(-1, 10).code(), Errc::kIo);
}

}  // namespace
}  // namespace signedvfs
