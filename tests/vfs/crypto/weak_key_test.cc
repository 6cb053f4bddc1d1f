#include "vfs/crypto/weak_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <string>

#include "tests/vfs/der.h"
#include "tests/vfs/known_keys.h"
#include "vfs/crypto/openssl.h"
#include "vfs/crypto/public_key.h"
#include "vfs/crypto/signature_scheme.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

void expect_weak(const Bytes& info, const std::string& words) {
  const Result<PublicKey> key = PublicKey::from_der(info);
  ASSERT_FALSE(key.ok()) << words;
  EXPECT_EQ(key.code(), Errc::kWeakKey) << key.status().what();
  EXPECT_THAT(key.status().what(), HasSubstr(words));
}

// openssl_accepts tells what OpenSSL by itself says of a signature by the key `info`.
bool openssl_accepts(const Bytes& info, KeyAlgorithm algorithm, const Bytes& message,
                     const Bytes& signature) {
  const ErrorQueue errors;
  OSSL_LIB_CTX* const context = openssl_context().value();
  const unsigned char* at = raw(info);
  const OwnedKey key(
      d2i_PUBKEY_ex(nullptr, &at, static_cast<long>(info.size()), context, kProvider));
  const OwnedDigestContext work(EVP_MD_CTX_new());
  const SignatureScheme scheme(algorithm);
  return key &&
         EVP_DigestVerifyInit_ex(work.get(), nullptr, scheme.digest(), context, kProvider,
                                 key.get(), scheme.parameters()) == 1 &&
         EVP_DigestVerify(work.get(), raw(signature), signature.size(), raw(message),
                          message.size()) == 1;
}

// power_of_two_plus returns 2^bits + extra in hexadecimal.
std::string power_of_two_plus(int bits, BN_ULONG extra) {
  const OwnedNumber number(BN_new());
  BN_set_bit(number.get(), bits);
  BN_add_word(number.get(), extra);
  char* const hex = BN_bn2hex(number.get());
  std::string text = hex;
  OPENSSL_free(hex);
  return text;
}

// forge_with_exponent_one returns a signature that fits an RSA key with e = 1. The private exponent
// of such a key is 1 as well, so anybody can make it.
Bytes forge_with_exponent_one(const Bytes& message) {
  OSSL_LIB_CTX* const context = openssl_context().value();
  const Bytes modulus = from_hex(kRsaModulus);
  const OwnedNumber n(BN_bin2bn(raw(modulus), static_cast<int>(modulus.size()), nullptr));
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, BN_value_one());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_D, BN_value_one());
  const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> maker(
      EVP_PKEY_CTX_new_from_name(context, "RSA", kProvider));
  EVP_PKEY* made = nullptr;
  EXPECT_EQ(EVP_PKEY_fromdata_init(maker.get()), 1);
  EXPECT_EQ(EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_KEYPAIR, parameters.get()), 1);
  const OwnedKey key(made);

  const SignatureScheme scheme(KeyAlgorithm::kRsaPss);
  const OwnedDigestContext work(EVP_MD_CTX_new());
  Bytes signature(modulus.size());
  std::size_t size = signature.size();
  EXPECT_EQ(EVP_DigestSignInit_ex(work.get(), nullptr, scheme.digest(), context, kProvider,
                                  key.get(), scheme.parameters()),
            1);
  EXPECT_EQ(EVP_DigestSign(work.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           raw(message), message.size()),
            1);
  return signature;
}

// D2: RSA with e = 1
TEST(WeakKey, RefusesTheRsaKeyThatNeedsNoPrivateKey) {
  const Bytes info = rsa_key(kRsaModulus, "01");
  const Bytes message = from_hex("00");
  ASSERT_TRUE(
      openssl_accepts(info, KeyAlgorithm::kRsaPss, message, forge_with_exponent_one(message)));
  expect_weak(info, "public exponent");
}

// D2: RSA with other exponents
TEST(WeakKey, RefusesRsaExponentsThatAreSmallEvenOrHuge) {
  for (const std::string_view exponent :
       {"00", "02", "03", "11", "0101", "ffff", "010000", "010002", "fffffffe", "0200000001",
        "0200000000", "03ffffffff", "010000000000000001"}) {
    expect_weak(rsa_key(kRsaModulus, exponent), "public exponent");
  }
  expect_weak(rsa_key(kRsaModulus, kRsaModulus), "public exponent");
  for (const std::string_view exponent : {"010001", "010003", "ffffffff", "01ffffffff"}) {
    EXPECT_TRUE(PublicKey::from_der(rsa_key(kRsaModulus, exponent)).ok()) << exponent;
  }
}

// D3: RSA that is too small to be safe, or large enough to stall the verifier
TEST(WeakKey, RefusesRsaModuliThatAreSmallHugeOrEven) {
  for (const int bits : {1, 511, 767, 1023, 2046, 16384, 20000, 65535}) {
    expect_weak(rsa_key(power_of_two_plus(bits, 1), "010001"), std::to_string(bits + 1) + " bits");
  }
  expect_weak(rsa_key("00", "010001"), "bits");
  expect_weak(rsa_key(power_of_two_plus(2047, 2), "010001"), "even");
  EXPECT_TRUE(PublicKey::from_der(rsa_key(power_of_two_plus(2047, 1), "010001")).ok());
  EXPECT_TRUE(PublicKey::from_der(rsa_key(power_of_two_plus(16383, 1), "010001")).ok());
}

// kSmallOrder holds the eight points whose order divides 8, and the six other spellings of them
// that decoders which do not compare y with p take for the same points.
constexpr std::string_view kSmallOrder[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

// D6: Ed25519 keys of small order
TEST(WeakKey, RefusesTheEd25519KeysThatAnybodyCanSignFor) {
  // Key and R the neutral point, S zero: the equation holds whatever the message is.
  const Bytes identity = ed25519_key(kSmallOrder[0]);
  const Bytes forgery = concat({from_hex(kSmallOrder[0]), Bytes(32)});
  for (const std::string_view message : {"", "any", "message"}) {
    const Bytes text(as_bytes(message).begin(), as_bytes(message).end());
    ASSERT_TRUE(openssl_accepts(identity, KeyAlgorithm::kEd25519, text, forgery));
  }
  for (const std::string_view encoding : kSmallOrder) {
    expect_weak(ed25519_key(encoding), "Ed25519 key");
  }
}

// D6: the table of small orders, derived again from the equation of the curve
TEST(WeakKey, KnowsThePointsOfOrderEight) {
  const Owned<BN_CTX, BN_CTX_free> work(BN_CTX_new());
  const auto number = [&](const Bytes& little_endian) {
    return OwnedNumber(BN_lebin2bn(raw(little_endian), 32, nullptr));
  };
  const auto times = [&](const OwnedNumber& a, const OwnedNumber& b, const OwnedNumber& p) {
    OwnedNumber product(BN_new());
    BN_mod_mul(product.get(), a.get(), b.get(), p.get(), work.get());
    return product;
  };
  const OwnedNumber p = number(from_hex(kSmallOrder[10]));
  // d as RFC 8032 section 5.1 gives it.
  BIGNUM* d_raw = nullptr;
  BN_dec2bn(&d_raw,
            "37095705934669439343138083508754565189542113879843219016388785533085940283555");
  const OwnedNumber d(d_raw);
  for (const std::size_t index : {std::size_t{6}, std::size_t{8}}) {
    const OwnedNumber y = number(from_hex(kSmallOrder[index]));
    const OwnedNumber y2 = times(y, y, p);
    const OwnedNumber sum = times(d, times(y2, y2, p), p);
    BN_mod_add(sum.get(), sum.get(), y2.get(), p.get(), work.get());
    BN_mod_add(sum.get(), sum.get(), y2.get(), p.get(), work.get());
    EXPECT_TRUE(BN_is_one(sum.get())) << "d y^4 + 2 y^2 for " << kSmallOrder[index];
  }
}

// D6: Ed25519 keys with another encoding of a point
TEST(WeakKey, RefusesEd25519KeysThatAreNotReduced) {
  // p is 2^255 - 19, so these are all the y from p to 2^255 - 1, with either sign of x.
  for (unsigned low = 0xed; low <= 0xff; ++low) {
    for (const std::byte high : {std::byte{0x7f}, std::byte{0xff}}) {
      Bytes encoding(32, std::byte{0xff});
      encoding.front() = static_cast<std::byte>(low);
      encoding.back() = high;
      const Status status = refuse_weak_ed25519(std::span<const std::byte, 32>(encoding));
      EXPECT_EQ(status.code(), Errc::kWeakKey) << low;
      EXPECT_THAT(status.what(), HasSubstr("canonical")) << low;
    }
  }
}

// D6: the rule is no broader than the threat
TEST(WeakKey, AcceptsEd25519KeysNextToTheRefusedOnes) {
  for (const std::string_view encoding : {
           std::string_view("0200000000000000000000000000000000000000000000000000000000000000"),
           std::string_view("0100000000000000000000000000000000000000000000000000000000000040"),
           std::string_view("ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
           std::string_view("ecfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe7f"),
           kEd25519Key,
       }) {
    const Bytes bytes = from_hex(encoding);
    ASSERT_EQ(bytes.size(), 32) << encoding;
    EXPECT_TRUE(refuse_weak_ed25519(std::span<const std::byte, 32>(bytes)).ok()) << encoding;
  }
}

TEST(WeakKey, RefusesPointsThatAreNotOnTheirCurve) {
  for (const auto& [x, y] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {kP256Y, kP256X},
           {kP256X, kP256X},
           {kEd25519Key, kP256Y},
           {"0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000"},
           // Coordinates that have to be reduced modulo p.
           {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", kP256Y}}) {
    const Result<PublicKey> key =
        PublicKey::from_der(public_key_info(kP256Identifier, p256_point(x, y)));
    ASSERT_FALSE(key.ok());
    EXPECT_TRUE(key.code() == Errc::kBadKey || key.code() == Errc::kWeakKey);
  }
  EXPECT_EQ(PublicKey::from_der(public_key_info(kP256Identifier, from_hex("00"))).code(),
            Errc::kWeakKey)
      << "the point at infinity";
}

}  // namespace
}  // namespace signedvfs
