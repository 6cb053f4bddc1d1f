#include "archive/os/merged_libraries.h"

#include <gnu/libc-version.h>
#include <gtest/gtest.h>

#include <string>

#include "archive/os/dynamic_linker.h"

namespace signedvfs {
namespace {

TEST(MergedLibrary, IsOneThatTheCLibraryHasAllOf) {
  const std::string version = ::gnu_get_libc_version();
  // No test runs on glibc 1, 3 or 2.4 to 2.9.
  const bool is_new = std::stoi(version.substr(version.find('.') + 1)) >= 34;
  for (const char* const name :
       {"libanl.so.1", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1"}) {
    EXPECT_EQ(is_merged_library(name), is_new) << name;
  }
}

TEST(MergedLibrary, IsNoneThatHasFunctionsOfItsOwn) {
  for (const char* const name :
       {"", "libc.so.6", "libm.so.6", "libmvec.so.1", "libresolv.so.2", "libnsl.so.1",
        "ld-linux-x86-64.so.2", "librt.so", "librt.so.10", "/lib/librt.so.1", "libz.so.1"}) {
    EXPECT_FALSE(is_merged_library(name)) << name;
  }
}

// Of a linker that is none of them: it would look for a file.
TEST(LinkerItself, IsNoLibraryWhereTheCLibraryIsSeveralFiles) {
  for (const char* const name : {"libc.so.6", "libm.so.6", "libpthread.so.0", "libz.so.1", ""}) {
    EXPECT_FALSE(is_linker_itself(name)) << name;
  }
}

}  // namespace
}  // namespace signedvfs
