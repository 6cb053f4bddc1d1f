#include "archive/os/file_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "archive/base/buffer.h"
#include "support/temporary_directory.h"

namespace signedvfs {
namespace {

constexpr std::uint64_t kAny = ~std::uint64_t{0};

std::string read(const ByteSource& source, std::uint64_t offset, std::size_t size) {
  Buffer bytes(size);
  const Status status = source.copy_out(offset, bytes.bytes());
  return status.ok() ? std::string(text_of(bytes.bytes())) : std::string(name(status.code()));
}

class FileSource : public testing::Test {
 protected:
  std::unique_ptr<const ByteSource> open(const std::string& content) {
    path_ = directory_.write("file", content);
    return open_file(path_, kAny).value();
  }
  TemporaryDirectory directory_;
  std::string path_;
};

TEST_F(FileSource, CopiesExactlyWhatIsAskedFor) {
  const auto source = open("0123456789");
  EXPECT_EQ(source->size(), 10U);
  EXPECT_EQ(read(*source, 0, 10), "0123456789");
  EXPECT_EQ(read(*source, 3, 4), "3456");
  EXPECT_EQ(read(*source, 10, 0), "");
}

// A14: ranges that do not fit, whatever their sum
TEST_F(FileSource, RefusesRangesBeyondTheEnd) {
  const auto source = open("0123456789");
  EXPECT_EQ(read(*source, 0, 11), "Shrunk");
  EXPECT_EQ(read(*source, 10, 1), "Shrunk");
  EXPECT_EQ(read(*source, 11, 0), "Shrunk");
  EXPECT_EQ(read(*source, kAny, 0), "Shrunk");
  EXPECT_EQ(read(*source, kAny - 4, 10), "Shrunk");
}

TEST_F(FileSource, MayBeEmpty) {
  const auto source = open("");
  EXPECT_EQ(source->size(), 0U);
  EXPECT_EQ(read(*source, 0, 0), "");
  EXPECT_EQ(read(*source, 0, 1), "Shrunk");
}

// E6: a file that is cut while it is in use, read by its descriptor
TEST_F(FileSource, FailsWhereTheFileHasShrunk) {
  const auto source = open(std::string(100'000, 'x'));
  ASSERT_EQ(truncate(path_.c_str(), 10'000), 0);
  EXPECT_EQ(read(*source, 0, 5), "xxxxx");
  EXPECT_EQ(read(*source, 50'000, 5), "Shrunk");
  EXPECT_EQ(read(*source, 9'998, 5), "Shrunk");
  ASSERT_EQ(truncate(path_.c_str(), 0), 0);
  EXPECT_EQ(read(*source, 0, 5), "Shrunk");
}

// E8: the path may name another file later; the source stays with the one that was opened
TEST_F(FileSource, StaysWithTheFileThatWasOpened) {
  const auto source = open("before");
  directory_.write("other", "after!");
  std::filesystem::rename(directory_ / "other", path_);
  EXPECT_EQ(read(*source, 0, 6), "before");
  std::filesystem::remove(path_);
  EXPECT_EQ(read(*source, 0, 6), "before");
}

TEST_F(FileSource, WorksInAForkedProcess) {
  const auto source = open("0123456789");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(read(*source, 2, 3) == "234" ? 0 : 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// The checks of a process without descriptors run in one: gtest needs its own.
template <class Check>
int exit_status_of(const Check& check) {
  const pid_t child = fork();
  if (child == 0) _exit(check());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void close_all_descriptors() {
  for (int fd = 0; fd < 1024; ++fd) close(fd);
}

TEST_F(FileSource, OutlivesItsDescriptor) {
  const auto source = open("0123456789");
  const std::string other = directory_.write("other", "another file's content");
  EXPECT_EQ(exit_status_of([&] {
              close_all_descriptors();
              if (read(*source, 2, 3) != "234") return 1;
              // Every number now means another file.
              for (int i = 0; i < 100; ++i) {
                if (::open(other.c_str(), O_RDONLY | O_CLOEXEC) != i) return 2;
              }
              return read(*source, 2, 3) == "234" ? 0 : 3;
            }),
            0);
}

TEST_F(FileSource, ClosesNobodyElsesDescriptor) {
  auto source = open("0123456789");
  const std::string other = directory_.write("other", "another file's content");
  EXPECT_EQ(exit_status_of([&] {
              close_all_descriptors();
              for (int i = 0; i < 100; ++i) {
                if (::open(other.c_str(), O_RDONLY | O_CLOEXEC) != i) return 1;
              }
              source.reset();
              for (int fd = 0; fd < 100; ++fd) {
                if (fcntl(fd, F_GETFD) < 0) return 2;
              }
              return 0;
            }),
            0);
}

// E6: the same for the mapping, where a plain copy would end the process with SIGBUS
TEST_F(FileSource, RaisesNoSignalWhereTheMappedFileHasShrunk) {
  const auto source = open(std::string(100'000, 'x'));
  EXPECT_EQ(exit_status_of([&] {
              close_all_descriptors();
              if (read(*source, 50'000, 5) != "xxxxx") return 1;
              if (truncate(path_.c_str(), 10'000) != 0) return 2;
              if (read(*source, 0, 5) != "xxxxx") return 3;
              if (read(*source, 50'000, 5) != "Shrunk") return 4;
              if (read(*source, 9'000, 20'000) != "Shrunk") return 5;
              return 0;
            }),
            0);
}

// F1: a FIFO as archive must not block
TEST_F(FileSource, RefusesAFifoAtOnce) {
  const std::string path = directory_ / "fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(open_file(path, kAny).code(), Errc::kNotRegular);
}

// F2: devices, sockets and directories; files of /proc have no size
TEST_F(FileSource, RefusesWhatIsNoPlainFile) {
  EXPECT_EQ(open_file("/dev/null", kAny).code(), Errc::kNotRegular);
  EXPECT_EQ(open_file("/dev/zero", kAny).code(), Errc::kNotRegular);
  EXPECT_EQ(open_file(directory_.path(), kAny).code(), Errc::kNotRegular);
  const std::string path = directory_ / "socket";
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(fd, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(open_file(path, kAny).code(), Errc::kNotRegular);
  close(fd);
  const auto version = open_file("/proc/version", kAny);
  ASSERT_TRUE(version.ok());
  EXPECT_EQ((*version)->size(), 0U);
}

// F3: a huge file is refused by its size, before anything is mapped or read
TEST_F(FileSource, RefusesAHugeFile) {
  const std::string path = directory_.write("huge", "");
  ASSERT_EQ(truncate(path.c_str(), off_t{1} << 40U), 0);
  EXPECT_EQ(open_file(path, std::uint64_t{16} << 30U).code(), Errc::kTooLarge);
  const auto source = open_file(path, kAny);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(read(**source, (std::uint64_t{1} << 40U) - 3, 3), std::string(3, '\0'));
}

// F7: errors of the system are errors of the system, not missing files
TEST_F(FileSource, TellsMissingFilesFromFailures) {
  EXPECT_EQ(open_file(directory_ / "missing", kAny).code(), Errc::kNotFound);
  EXPECT_EQ(open_file(directory_.write("file", "") + "/below", kAny).code(), Errc::kNotFound);
  EXPECT_EQ(open_file(std::string(5000, 'n'), kAny).code(), Errc::kIo);
  EXPECT_EQ(open_file(std::string("a\0b", 3), kAny).code(), Errc::kUsage);
  EXPECT_EQ(open_descriptor(FileDescriptor(-1), "closed", kAny).code(), Errc::kIo);
}

// F7: no descriptors left
TEST_F(FileSource, ReportsExhaustedDescriptors) {
  const std::string path = directory_.write("file", "content");
  EXPECT_EQ(exit_status_of([&] {
              while (dup(0) >= 0) continue;
              return open_file(path, kAny).code() == Errc::kIo ? 0 : 1;
            }),
            0);
}

// F7: every failure closes the descriptor that was taken over
TEST_F(FileSource, ClosesTheDescriptorOnFailure) {
  const int fd = ::open(directory_.write("file", "content").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(open_descriptor(FileDescriptor(fd), "file", 3).code(), Errc::kTooLarge);
  EXPECT_LT(fcntl(fd, F_GETFD), 0);
}

TEST_F(FileSource, ClosesItsDescriptorInTheEnd) {
  const int fd = ::open(directory_.write("file", "content").c_str(), O_RDONLY | O_CLOEXEC);
  open_descriptor(FileDescriptor(fd), "file", kAny).value().reset();
  EXPECT_LT(fcntl(fd, F_GETFD), 0);
}

}  // namespace
}  // namespace signedvfs
