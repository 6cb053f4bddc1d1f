#include "vfs/crypto/pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/vfs/bytes.h"
#include "vfs/crypto/public_key.h"
#include "vfs/signing/private_key.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kPublic =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";

// RFC 8410 section 10.3.
const std::string kPrivate =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";

// relabelled returns `pem` with the label `label`.
std::string relabelled(std::string pem, const std::string& label) {
  for (std::size_t at = 0; (at = pem.find("PUBLIC KEY", at)) != std::string::npos;) {
    pem.replace(at, 10, label);
    at += label.size();
  }
  return pem;
}

void expect_refused(const std::string& pem, const std::string& words) {
  const Result<PublicKey> key = PublicKey::from_pem(pem);
  ASSERT_FALSE(key.ok()) << pem;
  EXPECT_EQ(key.code(), Errc::kBadKey) << pem;
  EXPECT_THAT(key.status().what(), HasSubstr(words)) << pem;
}

TEST(Pem, ReadsOneBlockAndWhiteSpaceAroundIt) {
  std::string windows = kPublic;
  for (std::size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2) {
    windows.replace(at, 1, "\r\n");
  }
  for (const std::string& pem :
       {kPublic, windows, "\n\n " + kPublic + "\t\n", kPublic.substr(0, kPublic.size() - 1)}) {
    const Result<PublicKey> key = PublicKey::from_pem(pem);
    ASSERT_TRUE(key.ok()) << key.status().what();
    EXPECT_EQ(key->pem(), kPublic);
  }
}

TEST(Pem, RefusesWhatIsNoPem) {
  for (const std::string& pem :
       {std::string(), std::string(" \n"), std::string("garbage"), kPublic.substr(1),
        "A comment\n" + kPublic, "-----BEGIN \n" + kPublic, "-----BEGIN A KEY\n" + kPublic,
        std::string("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMl"), std::string("-----BEGIN "),
        std::string("-----BEGIN PUBLIC KEY-----\n"), kPublic.substr(0, kPublic.size() - 20),
        kPublic.substr(0, 60) + "!" + kPublic.substr(61)}) {
    expect_refused(pem, "not a PEM text");
  }
  for (std::size_t size = 0; size < kPublic.size() - 1; ++size) {
    EXPECT_EQ(PublicKey::from_pem(kPublic.substr(0, size)).code(), Errc::kBadKey) << size;
  }
  EXPECT_EQ(PublicKey::from_pem(std::string(100, '\0')).code(), Errc::kBadKey);
}

TEST(Pem, RefusesASecondBlockAndOtherTextBehindTheFirst) {
  expect_refused(kPublic + kPublic, "behind");
  expect_refused(kPublic + kPrivate, "behind");
  expect_refused(kPublic + "A comment\n", "behind");
  expect_refused(kPublic + std::string(1, '\0'), "behind");
}

TEST(Pem, SaysWhatElseABlockIs) {
  expect_refused(kPrivate, "this is a private key; `openssl pkey -in FILE -pubout`");
  expect_refused(relabelled(kPublic, "ENCRYPTED PRIVATE KEY"), "-pubout");
  expect_refused(relabelled(kPublic, "CERTIFICATE"), "openssl x509");
  expect_refused(relabelled(kPublic, "RSA PUBLIC KEY"), "-RSAPublicKey_in");
  expect_refused(relabelled(kPublic, "RSA PRIVATE KEY"), "openssl pkcs8 -topk8");
  expect_refused(relabelled(kPublic, "public key"), "this is 'public key'");
  EXPECT_THAT(PublicKey::from_pem(relabelled(kPublic, "\x1b[2J")).status().what(),
              Not(HasSubstr("\x1b")));

  const auto private_key = [](const std::string& pem) {
    return PrivateKey::from_pem(pem, std::nullopt).status();
  };
  for (const std::string label : {"RSA PRIVATE KEY", "EC PRIVATE KEY"}) {
    const Status status = private_key(relabelled(kPublic, label));
    EXPECT_EQ(status.code(), Errc::kBadKey);
    EXPECT_THAT(status.what(), HasSubstr("`openssl pkcs8 -topk8 -in FILE`")) << label;
  }
  EXPECT_THAT(private_key(relabelled(kPublic, "OPENSSH PRIVATE KEY")).what(),
              HasSubstr("ssh-keygen -p -m PKCS8"));
  EXPECT_THAT(private_key(kPublic).what(), HasSubstr("a private key is expected"));
}

TEST(Pem, RefusesHeadersInsideTheBlock) {
  std::string pem = kPublic;
  pem.insert(pem.find('\n') + 1, "Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,0011223344556677\n\n");
  expect_refused(pem, "headers");
}

class PemFile : public testing::Test {
 protected:
  PemFile() { std::filesystem::create_directory(directory_); }
  ~PemFile() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ / name; }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

 private:
  const std::filesystem::path directory_ =
      testing::TempDir() + "pem_test." + std::to_string(::getpid());
};

TEST_F(PemFile, LoadsKeys) {
  const Result<PublicKey> public_key = PublicKey::load(write("key.pub", kPublic));
  ASSERT_TRUE(public_key.ok()) << public_key.status().what();
  EXPECT_EQ(public_key->pem(), kPublic);
  const Result<PrivateKey> private_key = PrivateKey::load(write("key", kPrivate), std::nullopt);
  ASSERT_TRUE(private_key.ok()) << private_key.status().what();
  EXPECT_EQ(private_key->pem({}).value(), kPrivate);
}

TEST_F(PemFile, NamesTheFileThatItRefuses) {
  for (const auto& [name, content, words] :
       std::initializer_list<std::tuple<std::string, std::string, std::string>>{
           {"empty", "", "empty"},
           {"private", kPrivate, "-pubout"},
           {"two", kPublic + kPublic, "behind"},
           {"huge", kPublic + std::string(kKeyBytes, '\n'), "64 KiB"},
           {"huge junk", std::string(kKeyBytes * 2, 'A'), "64 KiB"}}) {
    const std::string file = write(name, content);
    const Result<PublicKey> key = PublicKey::load(file);
    EXPECT_EQ(key.code(), Errc::kBadKey) << name;
    EXPECT_THAT(key.status().what(), StartsWith(file + ": "));
    EXPECT_THAT(key.status().what(), HasSubstr(words));
    EXPECT_EQ(PrivateKey::load(file + "x", std::nullopt).code(), Errc::kNotFound);
  }
  const std::string padded = kPublic + std::string(kKeyBytes - kPublic.size(), '\n');
  EXPECT_TRUE(PublicKey::load(write("just small enough", padded)).ok());
}

TEST_F(PemFile, TellsAbsentFromNoFileOfAKey) {
  const Result<PublicKey> absent = PublicKey::load(path("absent"));
  EXPECT_EQ(absent.code(), Errc::kNotFound);
  EXPECT_THAT(absent.status().what(), HasSubstr("No such file"));
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  for (const auto& [file, words] : std::initializer_list<std::pair<std::string, std::string>>{
           {path(""), "a directory"},
           {path("fifo"), "a pipe"},
           {"/dev/zero", "a device"},
           {"/proc/self/mem", "the system makes it up"}}) {
    const Result<PublicKey> public_key = PublicKey::load(file);
    EXPECT_EQ(public_key.code(), Errc::kBadKey) << file;
    EXPECT_THAT(public_key.status().what(), HasSubstr(words));
    EXPECT_EQ(PrivateKey::load(file, std::nullopt).code(), Errc::kBadKey) << file;
    EXPECT_EQ(PrivateKey::load(file, "password").code(), Errc::kBadKey) << file;
  }
}

TEST(SecretBytes, MoveWithoutACopy) {
  SecretBytes secret(16);
  const std::byte* const data = secret.bytes().data();
  const SecretBytes moved = std::move(secret);
  EXPECT_EQ(moved.bytes().data(), data);
  EXPECT_EQ(moved.bytes().size(), 16);
}

}  // namespace
}  // namespace signedvfs
