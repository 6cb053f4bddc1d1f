#include <gtest/gtest.h>

#include "archive/base/buffer.h"
#include "tests/support/signing.h"
#include "vfs/crypto/legacy_key.h"
#include "vfs/signing/private_key.h"

namespace signedvfs {
namespace {

class RsaNumbersOfAKey : public testing::Test {
 protected:
  PrivateKey key_ = expect(PrivateKey::generate(KeyAlgorithm::kRsaPss, 2048));
  RsaNumbers numbers_ = expect(rsa_numbers(key_.public_key()));
  std::vector<std::byte> secret_ = expect(key_.rsa_private_exponent());

  Errc code_with(const std::vector<std::byte>& secret) const {
    return PrivateKey::from_rsa(numbers_.modulus, numbers_.exponent, secret).code();
  }
};

TEST_F(RsaNumbersOfAKey, MakeItAgain) {
  const PrivateKey again =
      expect(PrivateKey::from_rsa(numbers_.modulus, numbers_.exponent, secret_));
  EXPECT_EQ(again.public_key(), key_.public_key());
  EXPECT_EQ(expect(again.rsa_private_exponent()), secret_);
  const auto signature = expect(again.sign(bytes_of("message")));
  EXPECT_TRUE(key_.public_key().check(bytes_of("message"), signature).ok());
  const PrivateKey saved = expect(PrivateKey::from_pem(expect(again.pem({})), {}));
  EXPECT_EQ(saved.public_key(), key_.public_key());
}

TEST_F(RsaNumbersOfAKey, HaveToBelongTogether) {
  const PrivateKey other = expect(PrivateKey::generate(KeyAlgorithm::kRsaPss, 2048));
  EXPECT_EQ(code_with(expect(other.rsa_private_exponent())), Errc::kBadKey);
  EXPECT_EQ(code_with({}), Errc::kBadKey);
  EXPECT_EQ(code_with({std::byte{1}}), Errc::kBadKey);
  EXPECT_EQ(code_with(numbers_.exponent), Errc::kBadKey);
  EXPECT_EQ(code_with(numbers_.modulus), Errc::kBadKey);
  for (const std::size_t bit : {0U, 1U, 7U, 1000U, 2000U}) {
    std::vector<std::byte> changed = secret_;
    changed[changed.size() - 1 - bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_EQ(code_with(changed), Errc::kBadKey) << bit;
  }
}

// What signing costs goes by the exponent, and nobody has vouched for it.
TEST_F(RsaNumbersOfAKey, AreNotLargerThanTheModulus) {
  std::vector<std::byte> large(60'000, std::byte{0xff});
  EXPECT_EQ(code_with(large), Errc::kBadKey);
  EXPECT_EQ(PrivateKey::from_rsa(large, numbers_.exponent, secret_).code(), Errc::kWeakKey);
}

// D2, D3
TEST_F(RsaNumbersOfAKey, AreHeldToTheRulesForPublicKeys) {
  const std::vector<std::byte> one{std::byte{1}};
  EXPECT_EQ(PrivateKey::from_rsa(numbers_.modulus, one, secret_).code(), Errc::kWeakKey);
  const std::vector<std::byte> half(numbers_.modulus.begin() + 128, numbers_.modulus.end());
  EXPECT_EQ(PrivateKey::from_rsa(half, numbers_.exponent, secret_).code(), Errc::kWeakKey);
}

TEST(RsaNumbersOfOtherKeys, AreNotThere) {
  const PrivateKey key = expect(PrivateKey::generate(KeyAlgorithm::kEd25519));
  EXPECT_EQ(rsa_numbers(key.public_key()).code(), Errc::kUsage);
  EXPECT_EQ(key.rsa_private_exponent().code(), Errc::kUsage);
}

}  // namespace
}  // namespace signedvfs
