#include "vfs/crypto/openssl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/vfs/known_keys.h"
#include "vfs/crypto/digest.h"
#include "vfs/crypto/public_key.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;
using testing::Not;

// HostileEnvironment runs the probe where OpenSSL's environment variables are an attacker's.
class HostileEnvironment : public testing::Test {
 protected:
  HostileEnvironment() {
    std::filesystem::create_directory(directory_);
    for (const char* const name : {"default.so", "legacy.so"}) {
      std::filesystem::copy(HOSTILE_PROVIDER, directory_ / name);
    }
  }
  ~HostileEnvironment() override { std::filesystem::remove_all(directory_); }

  // configure makes OPENSSL_CONF name a file that loads the providers that `section` describes.
  void configure(const std::string& section) {
    std::ofstream(directory_ / "openssl.cnf") << "openssl_conf = start\n[start]\n"
                                              << "providers = providers\n[providers]\n"
                                              << section;
    environment_.push_back("OPENSSL_CONF=" + (directory_ / "openssl.cnf").string());
  }

  void add_module_directory() { environment_.push_back("OPENSSL_MODULES=" + directory_.string()); }

  // probe tells whether the probe could do its work.
  bool probe(std::string way) {
    std::filesystem::remove(trace());
    environment_.push_back("SIGNEDVFS_TEST_TRACE=" + trace().string());
    std::string program = OPENSSL_PROBE;
    char* const arguments[] = {program.data(), way.data(), nullptr};
    std::vector<char*> environment;
    environment.reserve(environment_.size() + 1);
    for (std::string& entry : environment_) environment.push_back(entry.data());
    environment.push_back(nullptr);
    pid_t child = 0;
    EXPECT_EQ(posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environment.data()),
              0);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    return WEXITSTATUS(status) == 0;
  }

  // module_was_loaded tells whether the last probe ran the attacker's code.
  bool module_was_loaded() const { return std::filesystem::exists(trace()); }

  const std::string hostile_module_ =
      "hostile = hostile\n[hostile]\nmodule = " HOSTILE_PROVIDER "\nactivate = 1\n";

 private:
  std::filesystem::path trace() const { return directory_ / "trace"; }

  const std::filesystem::path directory_ =
      testing::TempDir() + "openssl_test." + std::to_string(::getpid());
  std::vector<std::string> environment_;
};

// D10: a configuration file that loads a module
TEST_F(HostileEnvironment, RunsNoModuleOfAConfigurationFile) {
  configure(hostile_module_);
  (void)probe("default");
  ASSERT_TRUE(module_was_loaded()) << "the attack does not work; the rest would prove nothing";
  EXPECT_TRUE(probe("ours"));
  EXPECT_FALSE(module_was_loaded());
}

// D10: a configuration file without any algorithms
TEST_F(HostileEnvironment, LosesNoAlgorithmToAConfigurationFile) {
  configure("null = null\n[null]\nactivate = 1\n");
  ASSERT_FALSE(probe("default")) << "the attack does not work; the rest would prove nothing";
  EXPECT_TRUE(probe("ours"));
}

// D10: a configuration file that somebody else in the process has loaded
TEST_F(HostileEnvironment, IsNoConcernAfterOthersHaveReadTheConfiguration) {
  configure("null = null\n[null]\nactivate = 1\n");
  EXPECT_TRUE(probe("default-then-ours"));
}

// D10: modules that replace OpenSSL's own
TEST_F(HostileEnvironment, RunsNoModuleOfAnotherDirectory) {
  add_module_directory();
  (void)probe("named");
  ASSERT_TRUE(module_was_loaded()) << "the attack does not work; the rest would prove nothing";
  EXPECT_TRUE(probe("ours"));
  EXPECT_FALSE(module_was_loaded());
}

TEST(Openssl, HasOneContextWhichIsNotTheDefault) {
  const Result<OSSL_LIB_CTX*> context = openssl_context();
  ASSERT_TRUE(context.ok()) << context.status().what();
  EXPECT_EQ(*context, *openssl_context());
  EXPECT_NE(*context, OSSL_LIB_CTX_get0_global_default());
}

TEST(Openssl, LeavesNoErrorsToOthersAndTakesNoneFromThem) {
  const KnownSignature known = known_signatures()[2];
  const PublicKey key = PublicKey::from_der(known.key).value();
  ERR_raise(ERR_LIB_SSL, ERR_R_PASSED_NULL_PARAMETER);
  const Status status = key.check(known.message, from_hex("00"));
  EXPECT_EQ(ERR_peek_error(), 0);
  EXPECT_EQ(status.code(), Errc::kBadSignature);
  EXPECT_THAT(status.what(), HasSubstr(key.fingerprint()));
  EXPECT_THAT(status.what(), Not(HasSubstr("null parameter")));
}

TEST(Openssl, SaysWhyItFailed) {
  const ErrorQueue errors;
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  ERR_raise(ERR_LIB_EVP, EVP_R_UNSUPPORTED_CIPHER);
  const Status status = errors.failure(Errc::kBadKey, "a key");
  EXPECT_EQ(status.code(), Errc::kBadKey);
  EXPECT_EQ(status.what(), "a key (bad decrypt; unsupported cipher)");
  EXPECT_EQ(ERR_peek_error(), 0);
}

// D9: a failure of the library is no verdict
TEST(Openssl, ReachesNoVerdictWithoutMemory) {
  const ErrorQueue errors;
  ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
  EXPECT_EQ(errors.failure(Errc::kBadSignature, "a signature").code(), Errc::kCrypto);
}

}  // namespace
}  // namespace signedvfs
