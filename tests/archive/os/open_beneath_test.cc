#include "archive/os/open_beneath.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>

#include "support/temporary_directory.h"

namespace signedvfs {
namespace {

using Open = Result<FileDescriptor>(int, std::string_view, Kind);

class OpenBeneath : public testing::TestWithParam<Open*> {
 protected:
  Errc open(std::string_view name, Kind kind = Kind::kFile) const {
    return GetParam()(root_.get(), name, kind).code();
  }

  TemporaryDirectory outside_;
  TemporaryDirectory tree_;
  FileDescriptor root_{::open(tree_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

TEST_P(OpenBeneath, OpensFilesAndDirectories) {
  tree_.write("a/b/c.py", "content");
  auto file = GetParam()(root_.get(), "a/b/c.py", Kind::kFile);
  ASSERT_TRUE(file.ok()) << file.status().what();
  std::array<char, 16> content{};
  EXPECT_EQ(::read(file->get(), content.data(), content.size()), 7);
  EXPECT_EQ(::fcntl(file->get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(open("a/b", Kind::kDirectory), Errc::kOk);
  EXPECT_EQ(open(".", Kind::kDirectory), Errc::kOk);
}

TEST_P(OpenBeneath, SaysWhatIsMissing) {
  tree_.write("a/file.py", "");
  EXPECT_EQ(open("b.py"), Errc::kNotFound);
  EXPECT_EQ(open("b/c.py"), Errc::kNotFound);
  EXPECT_EQ(open("a/file.py/c.py"), Errc::kNotFound);
  EXPECT_EQ(open("a/file.py", Kind::kDirectory), Errc::kNotFound);
}

// K2: symbolic links, as the file or on the way, out of the tree or within
TEST_P(OpenBeneath, FollowsNoLink) {
  outside_.write("secret.py", "");
  tree_.write("real/m.py", "");
  std::filesystem::create_symlink(outside_ / "secret.py", tree_ / "absolute.py");
  std::filesystem::create_symlink("real/m.py", tree_ / "within.py");
  std::filesystem::create_symlink(outside_.path(), tree_ / "out");
  std::filesystem::create_directory_symlink("real", tree_ / "alias");
  std::filesystem::create_symlink("nowhere", tree_ / "dangling.py");
  for (const char* name :
       {"absolute.py", "within.py", "out/secret.py", "alias/m.py", "dangling.py"}) {
    EXPECT_EQ(open(name), Errc::kNotRegular) << name;
  }
  EXPECT_EQ(open("alias", Kind::kDirectory), Errc::kNotRegular);
  EXPECT_EQ(open("real/m.py"), Errc::kOk);
}

// K3, F1, F2: a FIFO, a socket, a device, a directory
TEST_P(OpenBeneath, OpensOnlyPlainFilesAndBlocksOnNone) {
  ASSERT_EQ(::mkfifo((tree_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(open("fifo"), Errc::kNotRegular);

  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = tree_ / "socket";
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(open("socket"), Errc::kNotRegular);

  std::filesystem::create_directory(tree_ / "directory");
  EXPECT_EQ(open("directory"), Errc::kNotRegular);
  const FileDescriptor devices(::open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(GetParam()(devices.get(), "null", Kind::kFile).code(), Errc::kNotRegular);
}

// A link that stays inside is followed on request, and no other: not by way of outside either.
TEST(OpenBeneathByLinks, NeverLeavesTheRoot) {
  const TemporaryDirectory outside;
  const TemporaryDirectory tree;
  outside.write("secret.py", "");
  tree.write("real/m.py", "");
  const std::string name = std::filesystem::path(tree.path()).filename();
  std::filesystem::create_symlink("real/m.py", tree / "within.py");
  std::filesystem::create_symlink("../within.py", tree / "real/up.py");
  std::filesystem::create_directory_symlink("real", tree / "alias");
  std::filesystem::create_symlink(outside / "secret.py", tree / "absolute.py");
  std::filesystem::create_symlink(tree / "real/m.py", tree / "absolute-inside.py");
  std::filesystem::create_symlink("../" + name + "/real/m.py", tree / "out-and-in.py");
  std::filesystem::create_symlink(outside.path(), tree / "out");
  std::filesystem::create_symlink("/proc/self/root", tree / "magic");
  std::filesystem::create_symlink("circle.py", tree / "circle.py");
  std::filesystem::create_symlink("nowhere", tree / "dangling.py");
  const FileDescriptor root(::open(tree.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto open = [&](const char* path) {
    return open_beneath_by_links(root.get(), path, Kind::kFile).code();
  };
  for (const char* path : {"real/m.py", "within.py", "real/up.py", "alias/m.py"}) {
    EXPECT_EQ(open(path), Errc::kOk) << path;
  }
  for (const char* path : {"absolute.py", "absolute-inside.py", "out-and-in.py", "out/secret.py",
                           "magic/etc/passwd", "circle.py", "alias"}) {
    EXPECT_EQ(open(path), Errc::kNotRegular) << path;
  }
  EXPECT_EQ(open("dangling.py"), Errc::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(ByOneCallAndBySteps, OpenBeneath,
                         testing::Values(&open_beneath, &open_beneath_by_steps));

// forbid_openat2 makes the kernel answer `error` to openat2(2) in this process, as sandboxes do.
bool forbid_openat2(std::uint32_t error) {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(OpenBeneathInASandbox, WorksWithoutOpenat2) {
  const TemporaryDirectory tree;
  tree.write("a/m.py", "");
  std::filesystem::create_symlink("a", tree / "alias");
  const FileDescriptor root(::open(tree.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const int error : {ENOSYS, EPERM}) {
    EXPECT_EXIT(
        {
          const bool forbidden = forbid_openat2(static_cast<std::uint32_t>(error));
          const bool opens = open_beneath(root.get(), "a/m.py", Kind::kFile).ok();
          const Errc linked = open_beneath(root.get(), "alias/m.py", Kind::kFile).code();
          const Errc followed = open_beneath_by_links(root.get(), "alias/m.py", Kind::kFile).code();
          const bool refused = linked == Errc::kNotRegular && followed == Errc::kNotRegular;
          std::_Exit(forbidden && opens && refused ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

}  // namespace
}  // namespace signedvfs
