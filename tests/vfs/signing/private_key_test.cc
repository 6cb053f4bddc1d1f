#include "vfs/signing/private_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/vfs/bytes.h"
#include "tests/vfs/der.h"
#include "tests/vfs/openssl_keys.h"
#include "vfs/crypto/base64.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kNoPassword = std::nullopt;

// pem_of returns the text that OpenSSL by itself writes for a private key.
std::string pem_of(const OwnedKey& key, const EVP_CIPHER* cipher = nullptr,
                   const std::string& password = {}) {
  const OwnedBio output(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(output.get(), key.get(), cipher, password.data(),
                                          static_cast<int>(password.size()), nullptr, nullptr),
            1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(output.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string traditional_pem_of(const OwnedKey& key) {
  const OwnedBio output(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_PrivateKey_traditional(output.get(), key.get(), nullptr, nullptr, 0,
                                                 nullptr, nullptr),
            1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(output.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void expect_refused(const std::string& pem, const std::optional<std::string>& password, Errc code,
                    const std::string& words) {
  const Result<PrivateKey> key = PrivateKey::from_pem(pem, password);
  ASSERT_FALSE(key.ok()) << words;
  EXPECT_EQ(key.code(), code) << key.status().what();
  EXPECT_THAT(key.status().what(), HasSubstr(words));
}

class PrivateKeyOfEveryKind : public testing::TestWithParam<KeyAlgorithm> {};

INSTANTIATE_TEST_SUITE_P(Algorithms, PrivateKeyOfEveryKind,
                         testing::Values(KeyAlgorithm::kEd25519, KeyAlgorithm::kEcdsaP256,
                                         KeyAlgorithm::kEcdsaP384, KeyAlgorithm::kRsaPss));

TEST_P(PrivateKeyOfEveryKind, SignsWhatItsPublicKeyAccepts) {
  const Result<PrivateKey> key = PrivateKey::generate(GetParam(), 2048);
  ASSERT_TRUE(key.ok()) << key.status().what();
  const PublicKey& public_key = key->public_key();
  EXPECT_EQ(public_key.algorithm(), GetParam());
  for (const std::string_view message : {"", "a message"}) {
    const Result<std::vector<std::byte>> signature = key->sign(as_bytes(message));
    ASSERT_TRUE(signature.ok()) << signature.status().what();
    EXPECT_TRUE(public_key.check(as_bytes(message), *signature).ok());
    EXPECT_EQ(public_key.check(as_bytes("another"), *signature).code(), Errc::kBadSignature);
  }
}

TEST_P(PrivateKeyOfEveryKind, RoundTripsThroughPem) {
  const PrivateKey key = PrivateKey::generate(GetParam(), 2048).value();
  const Result<std::string> pem = key.pem(kNoPassword);
  ASSERT_TRUE(pem.ok()) << pem.status().what();
  EXPECT_THAT(*pem, StartsWith("-----BEGIN PRIVATE KEY-----\n"));
  const Result<PrivateKey> again = PrivateKey::from_pem(*pem, kNoPassword);
  ASSERT_TRUE(again.ok()) << again.status().what();
  EXPECT_EQ(again->public_key(), key.public_key());
  EXPECT_EQ(again->pem(kNoPassword).value(), *pem);
}

TEST_P(PrivateKeyOfEveryKind, RoundTripsThroughEncryptedPem) {
  const PrivateKey key = PrivateKey::generate(GetParam(), 2048).value();
  const Result<std::string> pem = key.pem("s3cret");
  ASSERT_TRUE(pem.ok()) << pem.status().what();
  EXPECT_THAT(*pem, StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  const Result<PrivateKey> again = PrivateKey::from_pem(*pem, "s3cret");
  ASSERT_TRUE(again.ok()) << again.status().what();
  EXPECT_EQ(again->public_key(), key.public_key());
}

TEST_P(PrivateKeyOfEveryKind, IsNewEveryTime) {
  EXPECT_NE(PrivateKey::generate(GetParam(), 2048)->public_key().fingerprint(),
            PrivateKey::generate(GetParam(), 2048)->public_key().fingerprint());
}

TEST(PrivateKey, HasRsaModuliOfTheSizeAskedFor) {
  EXPECT_EQ(PrivateKey::generate(KeyAlgorithm::kRsaPss, 2056)->public_key().bits(), 2056);
  EXPECT_EQ(PrivateKey::generate(KeyAlgorithm::kRsaPss)->public_key().bits(), 3072);
  for (const int bits : {-1, 0, 1024, 2047, 16385}) {
    EXPECT_EQ(PrivateKey::generate(KeyAlgorithm::kRsaPss, bits).code(), Errc::kUsage) << bits;
  }
  EXPECT_TRUE(PrivateKey::generate(KeyAlgorithm::kEd25519, 0).ok());
}

TEST(PrivateKey, GivesTheKnownAnswer) {
  // RFC 8032 section 7.1, test 2.
  const std::string pem =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
      "-----END PRIVATE KEY-----\n";
  const Result<PrivateKey> key = PrivateKey::from_pem(pem, kNoPassword);
  ASSERT_TRUE(key.ok()) << key.status().what();
  EXPECT_EQ(key->sign(from_hex("72")).value(),
            from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
}

TEST(PrivateKey, NeedsItsPasswordAndNoOther) {
  const PrivateKey key = PrivateKey::generate(KeyAlgorithm::kEd25519).value();
  const std::string password("p\0ssw\xc3\xb6rd", 9);
  const std::string pem = key.pem(password).value();
  EXPECT_TRUE(PrivateKey::from_pem(pem, password).ok());
  expect_refused(pem, kNoPassword, Errc::kWrongPassword, "password is needed");
  for (const std::string& wrong :
       {std::string(), std::string("p"), password + "x", std::string(100'000, 'x')}) {
    expect_refused(pem, wrong, Errc::kWrongPassword, "password is wrong");
  }
  EXPECT_EQ(key.pem("").status().code(), Errc::kUsage);
  const std::string endless((std::size_t{1} << 20) + 1, 'x');
  EXPECT_EQ(key.pem(endless).status().code(), Errc::kUsage);
  expect_refused(pem, endless, Errc::kWrongPassword, "longer than 1 MiB");
}

TEST(PrivateKey, IsEncryptedWithScryptAndAes) {
  const PrivateKey key = PrivateKey::generate(KeyAlgorithm::kEd25519).value();
  const std::string pem = key.pem("s3cret").value();
  const OwnedBio input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char* label = nullptr;
  char* headers = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  ASSERT_EQ(PEM_read_bio(input.get(), &label, &headers, &data, &size), 1);
  const std::string der(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(label);
  OPENSSL_free(headers);
  OPENSSL_free(data);

  const auto expect_part = [&](std::string_view hex) {
    const Bytes part = from_hex(hex);
    EXPECT_THAT(der,
                HasSubstr(std::string(reinterpret_cast<const char*>(part.data()), part.size())));
  };
  expect_part("06092a864886f70d01050d");  // PBES2
  expect_part("06092b06010401da47040b");  // scrypt
  expect_part("02024000 020108 020105");  // N = 2^14, r = 8, p = 5
  expect_part("060960864801650304012a");  // AES-256-CBC
  EXPECT_NE(key.pem("s3cret").value(), pem) << "the salt is the same";
}

TEST(PrivateKey, IsReadByOpensslAndTheOtherWayRound) {
  const PrivateKey ours = PrivateKey::generate(KeyAlgorithm::kEcdsaP256).value();
  std::string password = "s3cret";
  const std::string pem = ours.pem(password).value();
  const OwnedBio input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const OwnedKey read(PEM_read_bio_PrivateKey_ex(input.get(), nullptr, nullptr, password.data(),
                                                 openssl_context().value(), kProvider));
  ASSERT_TRUE(read);
  EXPECT_EQ(PublicKey::from_der(info_of(read)).value(), ours.public_key());

  const OwnedKey theirs = openssl_key("ED25519");
  const Owned<EVP_CIPHER, EVP_CIPHER_free> aes(
      EVP_CIPHER_fetch(openssl_context().value(), "AES-128-CBC", kProvider));
  const Result<PrivateKey> plain = PrivateKey::from_pem(pem_of(theirs), kNoPassword);
  const Result<PrivateKey> encrypted =
      PrivateKey::from_pem(pem_of(theirs, aes.get(), password), password);
  ASSERT_TRUE(plain.ok()) << plain.status().what();
  ASSERT_TRUE(encrypted.ok()) << encrypted.status().what();
  EXPECT_EQ(encrypted->public_key(), plain->public_key());
}

TEST(PrivateKey, RefusesTheTraditionalFormatsAndSaysHowToConvert) {
  expect_refused(traditional_pem_of(openssl_key("RSA", 2048)), kNoPassword, Errc::kBadKey,
                 "openssl pkcs8 -topk8");
  expect_refused(traditional_pem_of(openssl_key("EC", "P-256")), kNoPassword, Errc::kBadKey,
                 "openssl pkcs8 -topk8");
}

// D2, D3: weak keys do not get in by their private half either
TEST(PrivateKey, RefusesWeakKeys) {
  expect_refused(pem_of(openssl_key("RSA", 1024)), kNoPassword, Errc::kWeakKey, "1024 bits");

  std::size_t bits = 2048;
  const OwnedNumber three(BN_new());
  BN_set_word(three.get(), 3);
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> maker(
      EVP_PKEY_CTX_new_from_name(openssl_context().value(), "RSA", kProvider));
  ASSERT_EQ(EVP_PKEY_keygen_init(maker.get()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_keygen_bits(maker.get(), static_cast<int>(bits)), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(maker.get(), three.get()), 1);
  EVP_PKEY* made = nullptr;
  ASSERT_EQ(EVP_PKEY_generate(maker.get(), &made), 1);
  expect_refused(pem_of(OwnedKey(made)), kNoPassword, Errc::kWeakKey, "public exponent");
}

TEST(PrivateKey, RefusesOtherKindsOfKeys) {
  expect_refused(pem_of(openssl_key("X25519")), kNoPassword, Errc::kBadKey, "X25519");
  expect_refused(pem_of(openssl_key("EC", "P-521")), kNoPassword, Errc::kBadKey, "curve");
}

TEST(PrivateKey, RefusesHalvesThatDoNotBelongTogether) {
  const OwnedKey one = openssl_key("EC", "P-256");
  const OwnedKey other = openssl_key("EC", "P-256");
  BIGNUM* number = nullptr;
  ASSERT_EQ(EVP_PKEY_get_bn_param(one.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
  const OwnedNumber secret(number);
  const Bytes info = info_of(other);
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, &info[info.size() - 65],
                                   65);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get());
  const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> maker(
      EVP_PKEY_CTX_new_from_name(openssl_context().value(), "EC", kProvider));
  EVP_PKEY* made = nullptr;
  ASSERT_EQ(EVP_PKEY_fromdata_init(maker.get()), 1);
  ASSERT_EQ(EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_KEYPAIR, parameters.get()), 1);
  expect_refused(pem_of(OwnedKey(made)), kNoPassword, Errc::kBadKey, "belong together");
}

// rsa_private_key returns a PKCS#8 text of a modulus that nobody has factored, so that the other
// numbers can be anything.
std::string rsa_private_key(const std::string& d, const std::string& p, std::string_view version,
                            const Bytes& others = {}) {
  const std::string modulus = "80" + std::string(508, '0') + "01";
  const Bytes key =
      der(kSequence,
          {der_integer(version), der_integer(modulus), der_integer("010001"), der_integer(d),
           der_integer(p), der_integer(p), der_integer(p), der_integer(p), der_integer(p), others});
  const Bytes info = der(kSequence, {der_integer("00"), kRsaIdentifier, der(0x04, {key})});
  return "-----BEGIN PRIVATE KEY-----\n" + base64_encode(info) + "\n-----END PRIVATE KEY-----\n";
}

// With numbers that fill the file, one signature would take minutes.
TEST(PrivateKey, RefusesNumbersThatTheModulusDoesNotNeed) {
  const std::string fits(510, 'e');
  const std::string vast(60'000, 'e');
  expect_refused(rsa_private_key(vast, fits, "00"), kNoPassword, Errc::kBadKey, "'d' has 240000");
  expect_refused(rsa_private_key(fits, vast.substr(0, 12'000), "00"), kNoPassword, Errc::kBadKey,
                 "where 2048 at most");
  const Bytes third = der(kSequence, {der_integer("07"), der_integer("05"), der_integer("03")});
  expect_refused(rsa_private_key(fits, fits, "01", der(kSequence, {third})), kNoPassword,
                 Errc::kBadKey, "more than two factors");
}

TEST(PrivateKey, RefusesBytesThatAreNoKey) {
  for (const char* const base64 : {"AAAA", "MAA=", "MAAA"}) {
    for (const char* const label : {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}) {
      std::ostringstream pem;
      pem << "-----BEGIN " << label << "-----\n" << base64 << "\n-----END " << label << "-----\n";
      expect_refused(pem.str(), "password", Errc::kBadKey, "PKCS#8");
    }
  }
}

class PrivateKeyFile : public testing::Test {
 protected:
  PrivateKeyFile() { std::filesystem::create_directory(directory_); }
  ~PrivateKeyFile() override { std::filesystem::remove_all(directory_); }

  std::string read(const std::string& path) const {
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return content.str();
  }

  const std::filesystem::path directory_ =
      testing::TempDir() + "private_key_test." + std::to_string(::getpid());
  const std::string path_ = directory_ / "app.key";
  const PrivateKey key_ = PrivateKey::generate(KeyAlgorithm::kEd25519).value();
};

TEST_F(PrivateKeyFile, IsReadableByItsOwnerOnly) {
  const mode_t before = umask(0);
  const Status status = key_.save(path_, kNoPassword);
  umask(before);
  ASSERT_TRUE(status.ok()) << status.what();
  struct stat found{};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode, mode_t{S_IFREG | 0600});
  EXPECT_EQ(read(path_), key_.pem(kNoPassword).value());
  EXPECT_EQ(PrivateKey::load(path_, kNoPassword)->public_key(), key_.public_key());
}

TEST_F(PrivateKeyFile, HoldsTheEncryptedKey) {
  ASSERT_TRUE(key_.save(path_, "s3cret").ok());
  EXPECT_EQ(PrivateKey::load(path_, "s3cret")->public_key(), key_.public_key());
  const Result<PrivateKey> wrong = PrivateKey::load(path_, "wrong");
  EXPECT_EQ(wrong.code(), Errc::kWrongPassword);
  EXPECT_THAT(wrong.status().what(), StartsWith(path_ + ": "));
  EXPECT_EQ(PrivateKey::load(path_, kNoPassword).code(), Errc::kWrongPassword);
}

TEST_F(PrivateKeyFile, IsNeverOverwritten) {
  std::ofstream(path_) << "somebody's only key";
  const Status status = key_.save(path_, kNoPassword);
  EXPECT_EQ(status.code(), Errc::kUsage);
  EXPECT_THAT(status.what(), HasSubstr(path_));
  EXPECT_EQ(read(path_), "somebody's only key");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1)
      << "a temporary file is left";
}

TEST_F(PrivateKeyFile, IsNotStartedWhereItCannotBeWritten) {
  EXPECT_EQ(key_.save(directory_ / "absent" / "app.key", kNoPassword).code(), Errc::kNotFound);
  EXPECT_EQ(key_.save(path_, "").code(), Errc::kUsage);
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST(Wipe, LeavesNothingInTheMemoryOfTheText) {
  std::string text(1000, 's');
  const char* const memory = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.data(), memory);
  EXPECT_EQ(std::count(memory, memory + text.capacity(), 's'), 0);
}

}  // namespace
}  // namespace signedvfs
