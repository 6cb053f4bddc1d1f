#include "vfs/signing/derivation_cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <string>
#include <string_view>

#include "tests/vfs/der.h"
#include "vfs/crypto/base64.h"
#include "vfs/crypto/openssl.h"
#include "vfs/signing/private_key.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

constexpr unsigned kOctets = 0x04;

const Bytes kPbes2 = from_hex("06092a864886f70d01050d");
const Bytes kPbkdf2 = from_hex("06092a864886f70d01050c");
const Bytes kScrypt = from_hex("06092b06010401da47040b");
const Bytes kAes = from_hex("301d 060960864801650304012a 0410 00112233445566778899aabbccddeeff");

Bytes salt(std::size_t size = 16) { return der(kOctets, {Bytes(size, std::byte{7})}); }

Bytes derivation(const Bytes& name, std::initializer_list<Bytes> parameters) {
  return der(kSequence, {name, der(kSequence, parameters)});
}

// pbkdf2 and scrypt return what derives a key; numbers are in hexadecimal.
Bytes pbkdf2(std::string_view rounds, const Bytes& salt_given = salt()) {
  return derivation(kPbkdf2, {salt_given, der_integer(rounds)});
}
Bytes scrypt(std::string_view n, std::string_view r, std::string_view p,
             const Bytes& salt_given = salt()) {
  return derivation(kScrypt, {salt_given, der_integer(n), der_integer(r), der_integer(p)});
}

Bytes algorithm(const Bytes& keyfunc) {
  return der(kSequence, {kPbes2, der(kSequence, {keyfunc, kAes})});
}

Status cost_of(const Bytes& keyfunc) {
  const Bytes encoding = algorithm(keyfunc);
  const auto* at = reinterpret_cast<const unsigned char*>(encoding.data());
  const Owned<X509_ALGOR, X509_ALGOR_free> decoded(
      d2i_X509_ALGOR(nullptr, &at, static_cast<long>(encoding.size())));
  if (!decoded) return {Errc::kUsage, "the test's own encoding is wrong"};
  return refuse_costly(*decoded);
}

// key_file returns an encrypted key that is refused before anybody can see that it holds nothing.
std::string key_file(const Bytes& keyfunc) {
  const Bytes info = der(kSequence, {algorithm(keyfunc), der(kOctets, {Bytes(48, std::byte{9})})});
  return "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64_encode(info) +
         "\n-----END ENCRYPTED PRIVATE KEY-----\n";
}

void expect_refused(const Bytes& keyfunc, const std::string& words) {
  const Status status = cost_of(keyfunc);
  EXPECT_EQ(status.code(), Errc::kBadKey) << words;
  EXPECT_THAT(status.what(), HasSubstr(words));
}

TEST(DerivationCost, AcceptsWhatToolsWrite) {
  for (const char* const rounds : {"01", "0800", "0927c0", "989680"}) {
    EXPECT_TRUE(cost_of(pbkdf2(rounds)).ok()) << rounds;
  }
  EXPECT_TRUE(cost_of(scrypt("4000", "08", "05")).ok());  // ours
  EXPECT_TRUE(cost_of(scrypt("4000", "08", "01")).ok());  // openssl pkcs8 -scrypt
  EXPECT_TRUE(cost_of(pbkdf2("0800", salt(1024))).ok());
}

TEST(DerivationCost, BoundsTheRoundsOfPbkdf2) {
  expect_refused(pbkdf2("989681"), "10000001 rounds of PBKDF2, where 10000000 at most");
  expect_refused(pbkdf2("7fffffff"), "2147483647 rounds");
  expect_refused(pbkdf2("80000000"), "2147483648 rounds");
  expect_refused(pbkdf2("ffffffffffffffff"), "18446744073709551615 rounds");
  expect_refused(pbkdf2("01ffffffffffffffff"), "malformed number of rounds");
  expect_refused(pbkdf2("00"), "malformed number of rounds");
  expect_refused(derivation(kPbkdf2, {salt(), from_hex("0201ff")}), "malformed number of rounds");
}

TEST(DerivationCost, BoundsTheMemoryOfScrypt) {
  EXPECT_TRUE(cost_of(scrypt("7f00", "08", "01")).code() == Errc::kBadKey) << "no power of two";
  expect_refused(scrypt("8000", "08", "01"), "33557504 bytes for scrypt, where 33554432 at most");
  expect_refused(scrypt("40000000", "08", "01"), "1073741824 as a parameter of scrypt");
  expect_refused(scrypt("4000", "40000000", "01"), "1073741824 as a parameter of scrypt");
  expect_refused(scrypt("4000", "08", "4000"), "bytes for scrypt");
  // Products that wrap around to something small.
  expect_refused(scrypt("8000000000000000", "02", "01"), "as a parameter of scrypt");
  expect_refused(scrypt("02", "8000000000000000", "02"), "as a parameter of scrypt");
}

TEST(DerivationCost, BoundsTheTimeOfScryptBesidesItsMemory) {
  EXPECT_TRUE(cost_of(scrypt("010000", "01", "0100")).ok());
  expect_refused(scrypt("010000", "01", "0101"), "16842752 steps of scrypt, where 16777216");
  expect_refused(scrypt("010000", "01", "010000"), "4294967296 steps of scrypt");
}

TEST(DerivationCost, RefusesParametersThatMakeNoSense) {
  for (const auto& [n, r, p] : {std::tuple{"00", "08", "01"},
                                {"01", "08", "01"},
                                {"03", "08", "01"},
                                {"4000", "00", "01"},
                                {"4000", "08", "00"},
                                {"01ffffffffffffffff", "08", "01"}}) {
    EXPECT_EQ(cost_of(scrypt(n, r, p)).code(), Errc::kBadKey) << n << " " << r << " " << p;
  }
}

TEST(DerivationCost, BoundsTheSalt) {
  expect_refused(pbkdf2("0800", salt(1025)), "1025 bytes of salt, where 1024 at most");
  expect_refused(scrypt("4000", "08", "05", salt(30'000)), "30000 bytes of salt");
}

TEST(DerivationCost, RefusesWhatItDoesNotKnow) {
  expect_refused(derivation(from_hex("06092a864886f70d010503"), {salt(), der_integer("01")}),
                 "unknown way");  // PBES1 in the place of a derivation
  expect_refused(der(kSequence, {kPbkdf2}), "malformed parameters of PBKDF2");
  expect_refused(der(kSequence, {kScrypt}), "malformed parameters of scrypt");
  expect_refused(derivation(kScrypt, {salt()}), "malformed parameters of scrypt");
  expect_refused(derivation(kPbkdf2, {from_hex("300b06092a864886f70d01050c"), der_integer("01")}),
                 "malformed parameters of PBKDF2");  // a salt from elsewhere
  const Bytes bare = der(kSequence, {kPbes2});
  const auto* at = reinterpret_cast<const unsigned char*>(bare.data());
  const Owned<X509_ALGOR, X509_ALGOR_free> decoded(
      d2i_X509_ALGOR(nullptr, &at, static_cast<long>(bare.size())));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(refuse_costly(*decoded).code(), Errc::kBadKey);
}

// A test that hangs for twenty minutes is the other outcome.
TEST(DerivationCost, IsRefusedBeforeAnythingIsDerived) {
  for (const Bytes& keyfunc : {pbkdf2("80000000"), pbkdf2("7fffffff"),
                               scrypt("40000000", "08", "01"), scrypt("010000", "01", "010000")}) {
    const Result<PrivateKey> key = PrivateKey::from_pem(key_file(keyfunc), "password");
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.code(), Errc::kBadKey) << key.status().what();
  }
  // What is within the bounds is derived, and the password found wrong.
  EXPECT_EQ(PrivateKey::from_pem(key_file(pbkdf2("0800")), "password").code(),
            Errc::kWrongPassword);
}

}  // namespace
}  // namespace signedvfs
