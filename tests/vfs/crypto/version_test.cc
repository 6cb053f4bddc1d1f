#include "vfs/crypto/version.h"

#include <gtest/gtest.h>
#include <openssl/opensslv.h>

#include <string>

namespace signedvfs {
namespace {

TEST(OpensslVersion, IsOfTheSeriesThatWasCompiledAgainst) {
  const std::string series = std::to_string(OPENSSL_VERSION_MAJOR) + ".";
  EXPECT_EQ(openssl_version().substr(0, series.size()), series);
}

}  // namespace
}  // namespace signedvfs
