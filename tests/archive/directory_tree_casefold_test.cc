// Directories that ignore case, on kernels that have none: this program answers for the kernel.
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdarg>
#include <string>

#include "archive/opening.h"
#include "support/temporary_directory.h"

namespace {

ino_t folding_inode = 0;  // the directory that has the attribute

}  // namespace

// ioctl stands in front of the C library's.
extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
  std::va_list arguments;
  va_start(arguments, request);
  int* const flags = va_arg(arguments, int*);
  va_end(arguments);
  struct stat status{};
  if (request != FS_IOC_GETFLAGS || ::fstat(fd, &status) != 0) {
    errno = ENOTTY;
    return -1;
  }
  *flags = status.st_ino == folding_inode ? FS_CASEFOLD_FL | FS_EXTENT_FL : FS_EXTENT_FL;
  return 0;
}

namespace signedvfs {
namespace {

ino_t inode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

// K6: a directory in which "A.py" finds "a.py"
TEST(DirectoryTree, RefusesDirectoriesThatIgnoreCase) {
  const TemporaryDirectory tree;
  tree.write("sub/m.py", "");
  folding_inode = 0;
  EXPECT_EQ(open_container(tree.path(), {}).value()->names()->size(), 1U);
  folding_inode = inode_of(tree / "sub");
  EXPECT_EQ(open_container(tree.path(), {}).value()->names().code(), Errc::kUnsupported);
  folding_inode = inode_of(tree.path());
  EXPECT_EQ(open_container(tree.path(), {}).code(), Errc::kUnsupported);
}

}  // namespace
}  // namespace signedvfs
