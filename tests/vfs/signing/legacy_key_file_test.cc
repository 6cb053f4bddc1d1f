#include "vfs/signing/legacy_key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "vfs/crypto/legacy_key.h"
#include "vfs/signing/legacy_pickle.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

const std::string kOldPassword = "The old password";
const std::string kHeadOfFiles = "AES CBC SHA1\n24 8 1000\n";

std::string content_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const unsigned char* unsigned_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// sealed returns the key file that signedimp would have written for a pickle.
std::string sealed(std::string pickle) {
  while (pickle.size() % 16 != 0) pickle += '.';
  const std::string salt = "saltsalt";
  const std::string vector(16, 'v');
  std::string key(24, '\0');
  PKCS5_PBKDF2_HMAC_SHA1(kOldPassword.data(), static_cast<int>(kOldPassword.size()),
                         unsigned_of(salt), 8, 1000, 24, reinterpret_cast<unsigned char*>(&key[0]));
  std::string encrypted(pickle.size(), '\0');
  EVP_CIPHER_CTX* const work = EVP_CIPHER_CTX_new();
  int size = 0;
  EVP_EncryptInit_ex(work, EVP_aes_192_cbc(), nullptr, unsigned_of(key), unsigned_of(vector));
  EVP_CIPHER_CTX_set_padding(work, 0);
  EVP_EncryptUpdate(work, reinterpret_cast<unsigned char*>(encrypted.data()), &size,
                    unsigned_of(pickle), static_cast<int>(pickle.size()));
  EVP_CIPHER_CTX_free(work);
  std::string mac(20, '\0');
  unsigned int mac_size = 0;
  HMAC(EVP_sha1(), key.data(), 24, unsigned_of(encrypted), encrypted.size(),
       reinterpret_cast<unsigned char*>(&mac[0]), &mac_size);
  return kHeadOfFiles + salt + vector + encrypted + mac;
}

class LegacyKeyFile : public testing::Test {
 protected:
  Result<PrivateKey> load(const std::string& content, const std::string& password = kOldPassword) {
    const std::string path = directory_.path() + "/key";
    std::ofstream(path, std::ios::binary) << content;
    return load_legacy_key(path, password);
  }
  Status load_pickle(const std::string& pickle) {
    const Result<PrivateKey> key = load(sealed(pickle));
    return key.ok() ? Status() : key.status();
  }

  TemporaryDirectory directory_;
  std::string genuine_ = content_of_file(SIGNEDIMP_FIXTURES "key.encrypted");
};

std::string name_in_fixture() {
  const std::string text = content_of_file(SIGNEDIMP_FIXTURES "key.fingerprint");
  return text.substr(0, text.find('\n'));
}

TEST_F(LegacyKeyFile, OfSignedimpIsRead) {
  for (const char* const name : {"key.encrypted", "schemes.encrypted"}) {
    const PrivateKey key =
        expect(load_legacy_key(std::string(SIGNEDIMP_FIXTURES) + name, kOldPassword));
    EXPECT_EQ(expect(legacy_fingerprint(key.public_key())), name_in_fixture()) << name;
  }
}

TEST_F(LegacyKeyFile, IsReadWithItsPasswordOnly) {
  for (const std::string& wrong :
       {std::string(), std::string("The old passworD"), std::string(2U << 20U, 'x')}) {
    EXPECT_EQ(load(genuine_, wrong).code(), Errc::kWrongPassword);
  }
}

TEST_F(LegacyKeyFile, WithAnyByteChangedIsRefused) {
  ASSERT_GT(genuine_.size(), 1000U);
  for (std::size_t at = 0; at < genuine_.size(); ++at) {
    std::string changed = genuine_;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
    const Errc code = load(changed).code();
    EXPECT_TRUE(code == Errc::kWrongPassword || code == Errc::kBadKey) << at;
  }
}

TEST_F(LegacyKeyFile, WithAnotherLengthIsRefused) {
  for (std::size_t size = 0; size < genuine_.size(); size += size < 80 ? 1 : 7) {
    EXPECT_FALSE(load(genuine_.substr(0, size)).ok()) << size;
  }
  for (const std::size_t more : {1U, 16U, 100'000U}) {
    EXPECT_FALSE(load(genuine_ + std::string(more, '.')).ok()) << more;
  }
}

TEST_F(LegacyKeyFile, AsksForNothingButWhatSignedimpAskedFor) {
  for (const char* const line : {"24 8 1000000000\n", "24 8 1\n", "16 8 1000\n", "24 0 1000\n",
                                 "24 8 1000 \n", "32 8 1000\n"}) {
    std::string changed = genuine_;
    changed.replace(13, 10, line);
    const Result<PrivateKey> key = load(changed);
    ASSERT_EQ(key.code(), Errc::kBadKey) << line;
    EXPECT_THAT(key.status().what(), HasSubstr("parameters"));
  }
}

TEST_F(LegacyKeyFile, WithAPublicKeyIsNoPrivateKey) {
  const Result<PrivateKey> key =
      load_legacy_key(SIGNEDIMP_FIXTURES "public.encrypted", kOldPassword);
  ASSERT_EQ(key.code(), Errc::kBadKey);
  EXPECT_THAT(key.status().what(), HasSubstr("public key"));
}

TEST_F(LegacyKeyFile, WithASmallKeySaysWhatToDo) {
  const Result<PrivateKey> key =
      load_legacy_key(SIGNEDIMP_FIXTURES "small.encrypted", kOldPassword);
  ASSERT_EQ(key.code(), Errc::kWeakKey);
  EXPECT_THAT(key.status().what(), HasSubstr("1024"));
  EXPECT_THAT(key.status().advice(), HasSubstr("new key"));
}

TEST_F(LegacyKeyFile, ThatIsNoneIsRefused) {
  EXPECT_EQ(load_legacy_key(directory_.path() + "/absent", kOldPassword).code(), Errc::kNotFound);
  EXPECT_EQ(load_legacy_key(directory_.path(), kOldPassword).code(), Errc::kBadKey);
  EXPECT_EQ(load_legacy_key("/dev/zero", kOldPassword).code(), Errc::kBadKey);
}

// pickle_of writes a pickle as Python 2 does, with `attributes` in place of the real ones.
std::string pickle_of(const std::string& attributes) {
  return "ccopy_reg\n_reconstructor\np0\n(csignedimp.crypto.rsa\nRSAKey\np1\nc__builtin__\nobject\n"
         "p2\nNtp3\nRp4\n(dp5\n" +
         attributes + "b.";
}

const std::string kUsual =
    "S'modulus'\np6\nL15L\nsS'pub_exponent'\np7\nI3\nsS'priv_exponent'\np8\nL3L\ns";

TEST(LegacyPickle, OfAKeyIsRead) {
  const std::string pickle =
      pickle_of(kUsual +
                "S'size'\np9\nI2048\nsS'randbytes'\np10\nNsS'_fingerprint'\np11\nS''\np12\n"
                "sS'default_padding_scheme'\np13\nS'raw'\np14\nsS'allowed_padding_schemes'\np15\n"
                "(lp16\ng14\naS'pss-sha1'\np17\nas") +
      "..........";
  const LegacyKeyNumbers numbers = expect(parse_legacy_pickle(pickle));
  EXPECT_EQ(numbers.modulus, "15");
  EXPECT_EQ(numbers.exponent, "3");
  EXPECT_EQ(numbers.private_exponent, "3");
  const std::string of_tuple =
      pickle_of(kUsual + "S'allowed_padding_schemes'\np9\n(S'raw'\np10\ng10\ntp11\ns");
  EXPECT_TRUE(parse_legacy_pickle(of_tuple).ok());
}

std::vector<std::string> hostile_pickles() {
  std::string other_class = pickle_of(kUsual);
  other_class.replace(other_class.find("RSAKey"), 6, "system");
  std::string other_module = pickle_of(kUsual);
  other_module.replace(other_module.find("signedimp.crypto.rsa"), 20, "os.path.crypto.posix");
  std::string reduced = pickle_of(kUsual);
  reduced.insert(reduced.size() - 2, "cos\nsystem\n(S'touch /tmp/x'\ntR");
  return {
      "",
      ".",
      "cos\nsystem\n(S'true'\ntR.",
      "c__builtin__\neval\n(S'1'\ntR.",
      "cos\nsystem\n(S'true'\ntR0" + pickle_of(kUsual),
      pickle_of(kUsual) + "cos\nsystem\n(S'true'\ntR.",
      other_class,
      other_module,
      reduced,
      "\x80\x02" + pickle_of(kUsual),
      pickle_of(kUsual + "S'__class__'\np9\ncos\nsystem\ns"),
      pickle_of(kUsual + "S'randbytes'\np9\ncos\nurandom\np10\ns"),
      pickle_of(kUsual + "S'randbytes'\np9\n(cos\nsystem\nS'true'\nos"),
      pickle_of(kUsual + "S'size'\np9\n(S'true'\nios\nsystem\ns"),
      pickle_of(kUsual + "S'size'\np9\nPpersistent\ns"),
      pickle_of(kUsual + kUsual),
      pickle_of(kUsual + "S'size'\np9\nF1.5\ns"),
      pickle_of(kUsual + "S'size'\np9\nV\\u0041\np10\ns"),
      pickle_of(kUsual + "S'_fingerprint'\np9\nS'\\x41'\np10\ns"),
      pickle_of(kUsual + "S'_fingerprint'\np9\nS'" + std::string(65, 'a') + "'\np10\ns"),
      pickle_of(kUsual + "S'allowed_padding_schemes'\np9\n(lp10\n(lp11\naas"),
      pickle_of(kUsual + "S'allowed_padding_schemes'\np9\n((((((((ts"),
      pickle_of("S'modulus'\np6\nL15L\ns"),
      pickle_of("S'pub_exponent'\np7\nI3\nsS'priv_exponent'\np8\nL3L\ns"),
      pickle_of("S'modulus'\np6\nNsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus'\np6\nL-15L\nsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus'\np6\nL015L\nsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus'\np6\nL0x15L\nsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus'\np6\nL15\nsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus'\np6\nI01\nsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus'\np6\nL" + std::string(5001, '9') + "L\nsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus'\np6\nS'15'\np9\nsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus\np6\nL15L\nsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus'\np\nL15L\nsS'pub_exponent'\np7\nI3\ns"),
      pickle_of("S'modulus'\np9999\nL15L\nsS'pub_exponent'\np7\nI3\ns"),
  };
}

TEST(LegacyPickle, OfAnythingElseIsRefused) {
  for (const std::string& pickle : hostile_pickles()) {
    EXPECT_EQ(parse_legacy_pickle(pickle).code(), Errc::kBadKey) << pickle;
  }
}

TEST(LegacyPickle, ThatIsCutOffIsRefused) {
  const std::string whole = pickle_of(kUsual);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parse_legacy_pickle(whole.substr(0, size)).code(), Errc::kBadKey) << size;
  }
}

// A MAC says that somebody knew the password, and nothing about what he wrote.
TEST_F(LegacyKeyFile, WithAHostilePickleBehindAGoodMacIsRefused) {
  ASSERT_EQ(load_pickle(pickle_of(kUsual)).code(), Errc::kWeakKey);  // so it is reached
  for (const std::string& pickle : hostile_pickles()) {
    if (pickle.empty()) continue;  // no file is that short
    EXPECT_EQ(load_pickle(pickle).code(), Errc::kBadKey) << pickle;
  }
}

}  // namespace
}  // namespace signedvfs
