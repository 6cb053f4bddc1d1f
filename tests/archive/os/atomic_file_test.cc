#include "archive/os/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive/base/buffer.h"
#include "support/temporary_directory.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Atomic : public testing::Test {
 protected:
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  static std::string content_of(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }
  TemporaryDirectory directory_;
};

TEST_F(Atomic, AppearsWithCommitAndNotBefore) {
  const std::string path = directory_ / "app.zip";
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file.ok()) << file.status().what();
  ASSERT_TRUE(file->write(bytes_of("con")).ok());
  ASSERT_TRUE(file->write(bytes_of("tent")).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(content_of(file->readable_path()), "content");
  ASSERT_TRUE(std::move(*file).commit().ok());
  EXPECT_EQ(content_of(path), "content");
  EXPECT_THAT(files(), ElementsAre("app.zip"));
}

TEST_F(Atomic, LeavesNothingBehindWithoutCommit) {
  const std::string path = directory_.write("app.zip", "before");
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file->write(bytes_of("half")).ok());
  }
  EXPECT_EQ(content_of(path), "before");
  EXPECT_THAT(files(), ElementsAre("app.zip"));
}

TEST_F(Atomic, ReplacesInOneStep) {
  const std::string path = directory_.write("app.zip", "before");
  std::ifstream reader(path, std::ios::binary);
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file->write(bytes_of("after!")).ok());
  ASSERT_TRUE(std::move(*file).commit().ok());
  EXPECT_EQ(content_of(path), "after!");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "before");
}

TEST_F(Atomic, ReplacesNothingWhenToldSo) {
  const std::string path = directory_.write("app.zip", "before");
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file->write(bytes_of("after!")).ok());
  EXPECT_EQ(std::move(*file).commit(false).code(), Errc::kUsage);
  EXPECT_EQ(content_of(path), "before");
  EXPECT_THAT(files(), ElementsAre("app.zip"));
  auto fresh = AtomicFile::create(directory_ / "new.zip");
  ASSERT_TRUE(std::move(*fresh).commit(false).ok());
  EXPECT_TRUE(std::filesystem::exists(directory_ / "new.zip"));
}

TEST_F(Atomic, HasTheModeThatWasAskedForOrTheUmasks) {
  const mode_t before = umask(027);
  ASSERT_TRUE(AtomicFile::create(directory_ / "given", 0755).value().commit().ok());
  ASSERT_TRUE(AtomicFile::create(directory_ / "secret", 0600).value().commit().ok());
  ASSERT_TRUE(AtomicFile::create(directory_ / "default").value().commit().ok());
  umask(before);
  EXPECT_EQ(mode_of(directory_ / "given"), 0755U);
  EXPECT_EQ(mode_of(directory_ / "secret"), 0600U);
  EXPECT_EQ(mode_of(directory_ / "default"), 0640U);
}

TEST_F(Atomic, IsSecretFromTheFirstMomentWhereTheModeSaysSo) {
  const auto file = AtomicFile::create(directory_ / "key", 0600);
  EXPECT_EQ(mode_of(file->readable_path()), 0600U);
}

TEST_F(Atomic, CanBeMoved) {
  auto one = AtomicFile::create(directory_ / "one").value();
  auto other = AtomicFile::create(directory_ / "other").value();
  ASSERT_TRUE(one.write(bytes_of("one")).ok());
  other = std::move(one);
  ASSERT_TRUE(std::move(other).commit().ok());
  EXPECT_EQ(content_of(directory_ / "one"), "one");
}

TEST_F(Atomic, RefusesPathsThatNameNoFile) {
  EXPECT_EQ(AtomicFile::create("").code(), Errc::kUsage);
  EXPECT_EQ(AtomicFile::create(directory_.path() + "/").code(), Errc::kUsage);
  EXPECT_EQ(AtomicFile::create(directory_ / std::string_view("a\0b", 3)).code(), Errc::kUsage);
  EXPECT_EQ(AtomicFile::create(directory_ / "missing/app.zip").code(), Errc::kNotFound);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(Atomic, WorksWithTheLongestNames) {
  const std::string path = directory_ / std::string(255, 'n');
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file.ok()) << file.status().what();
  ASSERT_TRUE(std::move(*file).commit().ok());
  EXPECT_TRUE(std::filesystem::exists(path));
}

// F7: no space left
TEST_F(Atomic, LeavesNothingBehindWhereWritingFails) {
  const std::string path = directory_.write("app.zip", "before");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    auto file = AtomicFile::create(path);
    if (!file.ok()) _exit(2);
    if (file->write(bytes_of(std::string(2000, 'x'))).code() != Errc::kIo) _exit(3);
    file = Status(Errc::kIo, "given up");  // destroys the file
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(content_of(path), "before");
  EXPECT_THAT(files(), ElementsAre("app.zip"));
}

TEST_F(Atomic, LeavesNothingBehindWhereTheDirectoryIsInTheWay) {
  std::filesystem::create_directory(directory_ / "app.zip");
  auto file = AtomicFile::create(directory_ / "app.zip");
  EXPECT_EQ(std::move(*file).commit().code(), Errc::kIo);
  EXPECT_THAT(files(), ElementsAre("app.zip"));
}

}  // namespace
}  // namespace signedvfs
