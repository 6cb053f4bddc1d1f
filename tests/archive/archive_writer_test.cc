#include "archive/archive_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "archive/opening.h"
#include "support/temporary_directory.h"

namespace signedvfs {
namespace {

Buffer buffer_of(const std::string& text) {
  Buffer buffer(text.size());
  std::copy(text.begin(), text.end(), reinterpret_cast<char*>(buffer.bytes().data()));
  return buffer;
}

std::string file_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string content_of(std::size_t index) {
  std::string content;
  while (content.size() < index % 7 * 40'000) content += std::to_string(content.size() * index);
  return content;
}

class Writing : public testing::Test {
 protected:
  std::unique_ptr<ArchiveWriter> writer(unsigned threads, const char* name = "a.zip") {
    return ArchiveWriter::create(directory_ / name, {}, threads).value();
  }

  TemporaryDirectory directory_;
};

TEST_F(Writing, GivesTheSameBytesInAnyNumberOfThreads) {
  std::string first;
  for (const unsigned threads : {1U, 2U, 6U}) {
    const auto archive = writer(threads);
    for (std::size_t i = 0; i < 60; ++i) {
      const Method method = i % 3 == 0 ? Method::kStored : Method::kDeflate;
      ASSERT_TRUE(archive->add("m" + std::to_string(i), buffer_of(content_of(i)), method).ok());
    }
    ASSERT_TRUE(archive->finish().ok());
    const std::string written = file_text(archive->path());
    if (first.empty()) first = written;
    EXPECT_TRUE(written == first) << threads << " threads";
  }
  const auto container = open_container(directory_ / "a.zip", {}).value();
  EXPECT_EQ(container->member_count(), 60U);
  for (std::size_t i = 0; i < 60; ++i) {
    const auto content = container->read("m" + std::to_string(i));
    ASSERT_TRUE(content.ok()) << content.status().what();
    EXPECT_TRUE(text_of(content->bytes()) == content_of(i));
  }
}

TEST_F(Writing, TellsAtOnceWhatIsWrongWithAMember) {
  const auto archive = writer(3);
  EXPECT_EQ(archive->add("../a", Buffer(), Method::kStored).code(), Errc::kBadName);
  EXPECT_EQ(archive->add("a", Buffer(), Method::kDeflate, 99).code(), Errc::kUsage);
  EXPECT_EQ(archive->add("a", Buffer(), static_cast<Method>(7)).code(), Errc::kBadMethod);
  ASSERT_TRUE(archive->add("a", buffer_of("x"), Method::kDeflate).ok()) << "nothing has happened";
  ASSERT_TRUE(archive->finish().ok());
  EXPECT_TRUE(archive->is_finished());
  EXPECT_EQ(archive->add("b", Buffer(), Method::kStored).code(), Errc::kUsage);
}

TEST_F(Writing, LeavesNothingBehindUnlessItFinishes) {
  {
    const auto abandoned = writer(3);
    const auto forgotten = writer(3);
    for (const auto* archive : {&abandoned, &forgotten}) {
      for (std::size_t i = 0; i < 30; ++i) {
        ASSERT_TRUE((*archive)
                        ->add("m" + std::to_string(i), buffer_of(content_of(i)), Method::kDeflate)
                        .ok());
      }
    }
    abandoned->abandon();
    EXPECT_TRUE(abandoned->is_finished());
    EXPECT_EQ(abandoned->finish().code(), Errc::kUsage);
  }
  const auto twice = writer(3);
  ASSERT_TRUE(twice->add("a", Buffer(), Method::kStored).ok());
  ASSERT_TRUE(twice->add("a", Buffer(), Method::kStored).ok());
  EXPECT_EQ(twice->finish().code(), Errc::kDuplicateName);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(Writing, ThreadsMayShareIt) {
  const auto archive = writer(3);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t k = 0; k < 20; ++k) {
        const std::string name = std::to_string(i) + "/" + std::to_string(k);
        EXPECT_TRUE(archive->add(name, buffer_of(content_of(k)), Method::kDeflate, 1).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(archive->finish().ok());
  EXPECT_EQ(open_container(archive->path(), {}).value()->member_count(), 160U);
}

}  // namespace
}  // namespace signedvfs
