#include "archive/os/sealed_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include "archive/base/buffer.h"

namespace signedvfs {
namespace {

FileDescriptor sealed(const std::string& content) {
  Result<FileDescriptor> memory = sealed_memory("test", bytes_of(content));
  EXPECT_TRUE(memory.ok()) << memory.status().what();
  return std::move(memory).value();
}

std::string content_of(int fd) {
  std::string content(1 << 20, '\0');
  const ssize_t size = read(fd, content.data(), content.size());
  content.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return content;
}

// forbid has every later memfd_create of this process fail with `error`.
bool forbid(int error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{4, program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(SealedMemory, HoldsTheContentFromItsBeginning) {
  for (const std::string& content : {std::string(), std::string("x"), std::string(300'000, 'y')}) {
    const FileDescriptor memory = sealed(content);
    EXPECT_EQ(content_of(memory.get()), content);
  }
}

// E9: nobody can change a byte any more, this process included
TEST(SealedMemory, CannotBeChangedByAnyMeans) {
  const FileDescriptor memory = sealed("content");
  const int fd = memory.get();
  EXPECT_EQ(pwrite(fd, "X", 1, 0), -1);
  EXPECT_EQ(ftruncate(fd, 1), -1);
  EXPECT_EQ(ftruncate(fd, 100), -1);
  EXPECT_EQ(fallocate(fd, 0, 0, 100), -1);
  EXPECT_EQ(mmap(nullptr, 7, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  EXPECT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1) << "the seals themselves are not sealed";
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const FileDescriptor again(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (again) {  // root may open it; the seals hold for root, too
    EXPECT_EQ(write(again.get(), "X", 1), -1);
    EXPECT_EQ(ftruncate(again.get(), 0), -1);
  }
  EXPECT_EQ(content_of(fd), "content");
}

TEST(SealedMemory, IsForItsOwnerToReadAndForNoProgramThatIsStarted) {
  const FileDescriptor memory = sealed("content");
  struct stat status{};
  ASSERT_EQ(fstat(memory.get(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, mode_t{0400});
  EXPECT_NE(fcntl(memory.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(SealedMemory, CanBeExecutedWhereThatIsItsUse) {
  const Result<FileDescriptor> program =
      sealed_memory("test", bytes_of(std::string_view("#!/bin/sh\nexit 7\n")), MemoryUse::kExecute);
  ASSERT_TRUE(program.ok()) << program.status().what();
  const int fd = program->get();
  struct stat status{};
  ASSERT_EQ(fstat(fd, &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, mode_t{0500});
  EXPECT_NE(ftruncate(fd, 0), 0);
  EXPECT_NE(pwrite(fd, "x", 1, 0), 1);
  const pid_t child = fork();
  if (child == 0) {
    (void)fcntl(fd, F_SETFD, 0);  // the interpreter opens it by its number
    char name[] = "test";
    char* const arguments[] = {name, nullptr};
    char* const environment[] = {nullptr};
    (void)syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
    _exit(1);
  }
  int outcome = 0;
  ASSERT_EQ(waitpid(child, &outcome, 0), child);
  EXPECT_TRUE(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 7) << outcome;
}

TEST(SealedMemory, IsUnsupportedWhereTheSystemForbidsIt) {
  for (const int error : {ENOSYS, EPERM, EACCES}) {
    const pid_t child = fork();
    if (child == 0) {
      if (!forbid(error)) _exit(2);
      _exit(sealed_memory("test", bytes_of("x")).code() == Errc::kUnsupported ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "no seccomp filters here";
    EXPECT_EQ(WEXITSTATUS(status), 0) << error;
  }
}

TEST(SealedMemory, FailsWhereTheDescriptorsRunOut) {
  const pid_t child = fork();
  if (child == 0) {
    while (dup(0) >= 0) {
    }
    _exit(sealed_memory("test", bytes_of("x")).code() == Errc::kIo ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace signedvfs
