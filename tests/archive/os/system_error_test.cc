#include "archive/os/system_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace signedvfs {
namespace {

TEST(SystemFailure, TellsAbsenceFromFailure) {
  EXPECT_EQ(system_failure(ENOENT, "a").code(), Errc::kNotFound);
  EXPECT_EQ(system_failure(ENOTDIR, "a/b").code(), Errc::kNotFound);
  for (const int error : {EACCES, EIO, EMFILE, ENOSPC, ELOOP, ENAMETOOLONG}) {
    EXPECT_EQ(system_failure(error, "a").code(), Errc::kIo);
  }
}

TEST(SystemFailure, SaysWhatTheSystemSays) {
  EXPECT_EQ(system_failure(ENOSPC, "app.zip").what(), "app.zip: No space left on device");
}

}  // namespace
}  // namespace signedvfs
