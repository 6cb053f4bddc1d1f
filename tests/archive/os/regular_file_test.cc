#include "archive/os/regular_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "support/temporary_directory.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class RegularFile : public testing::Test {
 protected:
  void expect_refused(const std::string& path, const std::string& kind) {
    const Result<FileDescriptor> file = open_regular(path);
    ASSERT_EQ(file.code(), Errc::kNotRegular) << path;
    EXPECT_THAT(file.status().what(), StartsWith(path + ": "));
    EXPECT_THAT(file.status().what(), HasSubstr(kind));
  }

  TemporaryDirectory directory_;
};

TEST_F(RegularFile, IsOpenedAlsoThroughALink) {
  const std::string path = directory_.write("file", "content");
  std::filesystem::create_symlink(path, directory_ / "link");
  for (const std::string& one : {path, directory_ / "link"}) {
    Result<FileDescriptor> file = open_regular(one);
    ASSERT_TRUE(file.ok()) << file.status().what();
    std::string content(7, '\0');
    EXPECT_EQ(read(file->get(), content.data(), content.size()), 7);
    EXPECT_EQ(content, "content");
  }
}

// F1: a FIFO that nobody writes to
TEST_F(RegularFile, IsNeverAPipeAndThatIsFoundOutWithoutWaiting) {
  ASSERT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  expect_refused(directory_ / "fifo", "a pipe");
  std::filesystem::create_symlink(directory_ / "fifo", directory_ / "link");
  expect_refused(directory_ / "link", "a pipe");
}

// F2
TEST_F(RegularFile, IsNoSocketDeviceOrDirectory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory_ / "s";
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::copy(path.begin(), path.end(), address.sun_path);
  const FileDescriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  expect_refused(path, "a socket");
  expect_refused("/dev/zero", "a device");
  expect_refused("/dev/null", "a device");
  expect_refused(directory_.path(), "a directory");
}

// F2: /proc has regular files that say they are empty and never end, or wait for what is to come
TEST_F(RegularFile, HasContentOfItsOwn) {
  for (const char* path : {"/proc/self/mem", "/proc/self/environ", "/proc/version"}) {
    expect_refused(path, "the system makes it up");
  }
  std::filesystem::create_symlink("/proc/self/mem", directory_ / "link");
  expect_refused(directory_ / "link", "the system makes it up");
  expect_refused(directory_.write("empty", ""), "empty");
  EXPECT_TRUE(open_regular("/proc/self/exe").ok()) << "a link to a file on disk";
}

TEST_F(RegularFile, IsToldFromNoneAtAll) {
  EXPECT_EQ(open_regular(directory_ / "absent").code(), Errc::kNotFound);
  EXPECT_EQ(open_regular(directory_.write("file", "") + "/below").code(), Errc::kNotFound);
  EXPECT_EQ(open_regular(std::string("file\0behind", 11)).code(), Errc::kUsage);
  EXPECT_EQ(open_regular(std::string(5000, 'x')).code(), Errc::kIo);
}

}  // namespace
}  // namespace signedvfs
