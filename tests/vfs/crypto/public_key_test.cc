#include "vfs/crypto/public_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/vfs/der.h"
#include "tests/vfs/known_keys.h"
#include "tests/vfs/openssl_keys.h"
#include "vfs/crypto/digest.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

PublicKey key_of(const Bytes& info) {
  Result<PublicKey> key = PublicKey::from_der(info);
  EXPECT_TRUE(key.ok()) << key.status().what();
  return std::move(key).value();
}

void expect_refused(const Bytes& info, Errc code, const std::string& words) {
  const Result<PublicKey> key = PublicKey::from_der(info);
  ASSERT_FALSE(key.ok()) << words;
  EXPECT_EQ(key.code(), code) << key.status().what();
  EXPECT_THAT(key.status().what(), HasSubstr(words));
}

TEST(PublicKey, AcceptsTheKnownSignatures) {
  for (const KnownSignature& known : known_signatures()) {
    const PublicKey key = key_of(known.key);
    EXPECT_EQ(key.algorithm(), known.algorithm) << known.name;
    EXPECT_EQ(key.bits(), known.bits) << known.name;
    const Status status = key.check(known.message, known.signature);
    EXPECT_TRUE(status.ok()) << known.name << ": " << status.what();
  }
}

TEST(PublicKey, RefusesKnownSignaturesWithAnyBitChanged) {
  for (const KnownSignature& known : known_signatures()) {
    const PublicKey key = key_of(known.key);
    Bytes signature = known.signature;
    for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
      signature[bit / 8] ^= std::byte{1} << (bit % 8);
      EXPECT_EQ(key.check(known.message, signature).code(), Errc::kBadSignature)
          << known.name << ", bit " << bit;
      signature[bit / 8] ^= std::byte{1} << (bit % 8);
    }
  }
}

// D9: results of OpenSSL below zero are no success
TEST(PublicKey, RefusesSignaturesThatCannotEvenBeRead) {
  for (const KnownSignature& known : known_signatures()) {
    const PublicKey key = key_of(known.key);
    EXPECT_EQ(key.check(known.message, {}).code(), Errc::kBadSignature) << known.name;
    for (std::size_t size = 1; size < known.signature.size(); ++size) {
      EXPECT_EQ(key.check(known.message, std::span(known.signature).first(size)).code(),
                Errc::kBadSignature)
          << known.name << ", " << size << " bytes";
    }
    for (const std::size_t more : {1U, 2U, 64U, 5000U}) {
      const Bytes longer = concat({known.signature, Bytes(more)});
      EXPECT_EQ(key.check(known.message, longer).code(), Errc::kBadSignature)
          << known.name << ", " << more << " bytes more";
    }
    const Bytes zeros(known.signature.size());
    const Bytes ones(known.signature.size(), std::byte{0xff});
    EXPECT_EQ(key.check(known.message, zeros).code(), Errc::kBadSignature) << known.name;
    EXPECT_EQ(key.check(known.message, ones).code(), Errc::kBadSignature) << known.name;
  }
}

TEST(PublicKey, RefusesSignaturesOfOtherMessagesAndKeys) {
  const std::vector<KnownSignature> all = known_signatures();
  for (const KnownSignature& known : all) {
    const PublicKey key = key_of(known.key);
    const Bytes other = concat({known.message, from_hex("00")});
    EXPECT_EQ(key.check(other, known.signature).code(), Errc::kBadSignature) << known.name;
    for (const KnownSignature& another : all) {
      if (another.key == known.key) continue;
      EXPECT_EQ(key_of(another.key).check(known.message, known.signature).code(),
                Errc::kBadSignature)
          << known.name << " by " << another.name;
    }
  }
}

// D5: Ed25519 signatures that differ from a genuine one by the group order (RFC 8032 section 8.4)
TEST(PublicKey, RefusesEd25519SignaturesWithALargeS) {
  const KnownSignature known = known_signatures()[0];
  const Bytes order = from_hex("edd3f55c1a631258d69cf7a2def9de14 00000000000000000000000000000010");
  Bytes signature = known.signature;
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += std::to_integer<unsigned>(signature[32 + i]) + std::to_integer<unsigned>(order[i]);
    signature[32 + i] = static_cast<std::byte>(carry);
    carry >>= 8;
  }
  ASSERT_EQ(carry, 0);
  EXPECT_EQ(key_of(known.key).check(known.message, signature).code(), Errc::kBadSignature);
}

// D7: ECDSA signatures with r or s outside 1 to n - 1
TEST(PublicKey, RefusesEcdsaSignaturesOfZeroAndOfTheOrder) {
  const KnownSignature known = known_signatures()[2];
  const PublicKey key = key_of(known.key);
  for (const auto& [r, s] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"00", "00"},
           {"00", kP256S},
           {kP256R, "00"},
           {kP256Order, kP256S},
           {kP256R, kP256Order},
           {kP256Order, kP256Order},
           {"01", "01"}}) {
    EXPECT_EQ(key.check(known.message, ecdsa_signature(r, s)).code(), Errc::kBadSignature);
  }
}

// D7: ECDSA signatures in BER that is not DER
TEST(PublicKey, RefusesEcdsaSignaturesInAnyOtherEncoding) {
  const KnownSignature known = known_signatures()[2];
  const PublicKey key = key_of(known.key);
  const Bytes r = der_integer(kP256R);
  const Bytes s = der_integer(kP256S);
  const Bytes content = concat({r, s});
  const auto size = static_cast<std::byte>(content.size());
  const Bytes padded_r = der(kInteger, {from_hex("0000"), from_hex(kP256R)});
  const Bytes negative_r = der(kInteger, {from_hex(kP256R)});
  ASSERT_EQ(concat({from_hex("30"), {size}, content}), known.signature);

  for (const Bytes& signature : {
           concat({from_hex("3081"), {size}, content}),    // long form of a short length
           concat({from_hex("308200"), {size}, content}),  //
           concat({from_hex("3080"), content, Bytes(2)}),  // indefinite length
           der(kSequence, {padded_r, s}),                  // a zero too many
           der(kSequence, {negative_r, s}),                // a zero too few
           der(kSequence, {r, s, from_hex("0500")}),       // a third element
           der(kSequence, {r}),                            //
           der(0x31, {r, s}),                              // a set
           concat({known.signature, from_hex("00")}),      // bytes behind it
           concat({from_hex(kP256R), from_hex(kP256S)}),   // IEEE P1363
           concat({r, s}),                                 //
       }) {
    EXPECT_EQ(key.check(known.message, signature).code(), Errc::kBadSignature);
  }
}

// D7: ECDSA signatures are malleable, so nothing is ever identified by a signature's bytes
TEST(PublicKey, AcceptsBothOfTheEcdsaSignaturesThatFit) {
  const KnownSignature known = known_signatures()[2];
  // n - s
  const Bytes other =
      ecdsa_signature(kP256R, "0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9");
  EXPECT_NE(other, known.signature);
  EXPECT_TRUE(key_of(known.key).check(known.message, other).ok());
}

// D8: fingerprints are whole SHA-256 values of whole keys
TEST(PublicKey, HasTheDigestOfItsInfoAsFingerprint) {
  for (const KnownSignature& known : known_signatures()) {
    const PublicKey key = key_of(known.key);
    EXPECT_EQ(key.fingerprint(), digest_of(HashType::kSha256, known.key)->hex()) << known.name;
    EXPECT_EQ(key.fingerprint().size(), 64);
    EXPECT_EQ(Bytes(key.der().begin(), key.der().end()), known.key);
  }
  EXPECT_EQ(key_of(known_signatures()[4].key).fingerprint(),
            "0f41fe3b7ed8e75c815b5cec8178ae730b7c6ed0036d3e9644e831166423255f");
  EXPECT_FALSE(key_of(known_signatures()[0].key) == key_of(known_signatures()[1].key));
}

// D8: one key, one fingerprint
TEST(PublicKey, HasOneEncodingOnly) {
  const Bytes point = p256_point(kP256X, kP256Y);
  const Bytes modulus = der_integer(kRsaModulus);
  const Bytes exponent = der_integer("010001");
  const Bytes numbers = der(kSequence, {modulus, exponent});
  const Bytes ed25519 = from_hex(kEd25519Key);
  for (const Bytes& info : {
           // The parameters of the algorithm: NULL for RSA, none for Ed25519 (RFC 8410 section 3).
           public_key_info(from_hex("300b 06092a864886f70d010101"), numbers),
           public_key_info(from_hex("3007 06032b6570 0500"), ed25519),
           // Lengths in more bytes than needed.
           concat({from_hex("30812a"), kEd25519Identifier, from_hex("032100"), ed25519}),
           concat({from_hex("302b"), kEd25519Identifier, from_hex("03812100"), ed25519}),
           concat({from_hex("3080"), kEd25519Identifier, from_hex("032100"), ed25519, Bytes(2)}),
           // A zero too many, a zero too few, bytes behind the numbers.
           public_key_info(
               kRsaIdentifier,
               der(kSequence, {der(kInteger, {Bytes(2), from_hex(kRsaModulus)}), exponent})),
           public_key_info(kRsaIdentifier,
                           der(kSequence, {der(kInteger, {from_hex(kRsaModulus)}), exponent})),
           public_key_info(kRsaIdentifier, concat({numbers, from_hex("0500")})),
           public_key_info(kRsaIdentifier, der(kSequence, {modulus, exponent, exponent})),
           // Bits that are declared unused.
           der(kSequence, {kP256Identifier, der(kBitString, {from_hex("01"), point})}),
           // A key that is a byte longer or shorter.
           public_key_info(kEd25519Identifier, concat({ed25519, Bytes(1)})),
           ed25519_key(kEd25519Key.substr(2)),
           public_key_info(kP256Identifier, concat({point, Bytes(1)})),
           // An element more in the outermost sequence.
           der(kSequence,
               {kEd25519Identifier, der(kBitString, {Bytes(1), ed25519}), from_hex("0500")}),
       }) {
    expect_refused(info, Errc::kBadKey, "");
  }
}

TEST(PublicKey, RefusesBytesBehindTheKey) {
  for (const KnownSignature& known : known_signatures()) {
    expect_refused(concat({known.key, from_hex("00")}), Errc::kBadKey, "bytes behind");
    expect_refused(concat({known.key, known.key}), Errc::kBadKey, "bytes behind");
  }
}

TEST(PublicKey, RefusesEveryTruncation) {
  for (const KnownSignature& known : known_signatures()) {
    for (std::size_t size = 0; size < known.key.size(); ++size) {
      const Result<PublicKey> key = PublicKey::from_der(std::span(known.key).first(size));
      EXPECT_EQ(key.code(), Errc::kBadKey) << known.name << ", " << size << " bytes";
    }
  }
}

// D1: kinds of keys that no signature may bring in
TEST(PublicKey, RefusesOtherKindsOfKeys) {
  for (const char* const type : {"ED448", "X25519", "X448"}) {
    expect_refused(info_of(openssl_key(type)), Errc::kBadKey, type);
  }
  for (const char* const curve :
       {"P-521", "P-224", "P-192", "secp256k1", "brainpoolP256r1", "sect283k1", "SM2"}) {
    expect_refused(info_of(openssl_key("EC", curve)), Errc::kBadKey, "are accepted");
  }
  expect_refused(info_of(openssl_key("RSA-PSS", 2048)), Errc::kBadKey, "rsaEncryption");
}

// D7: elliptic curves by name only, points in one form only
TEST(PublicKey, RefusesCurvesThatAreSpelledOutAndPointsInOtherForms) {
  const OwnedKey key = openssl_key("EC", "P-256");
  ASSERT_TRUE(PublicKey::from_der(info_of(key)).ok());
  for (const char* const form : {"compressed", "hybrid"}) {
    ASSERT_EQ(
        EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, form),
        1);
    expect_refused(info_of(key), Errc::kBadKey, form);
  }
  const OwnedKey spelled_out = openssl_key("EC", "P-256");
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(spelled_out.get(), OSSL_PKEY_PARAM_EC_ENCODING,
                                           OSSL_PKEY_EC_ENCODING_EXPLICIT),
            1);
  expect_refused(info_of(spelled_out), Errc::kBadKey, "spelled out");
}

TEST(PublicKey, RefusesWhatIsTooLargeForAKey) {
  const Bytes huge = der(kSequence, {Bytes(std::size_t{64} << 10)});
  expect_refused(huge, Errc::kBadKey, "64 KiB");
}

TEST(PublicKey, IsSharedByItsCopies) {
  const PublicKey key = key_of(known_signatures()[0].key);
  const std::vector<PublicKey> copies(2, key);
  EXPECT_EQ(copies[0], key);
  EXPECT_EQ(copies[0].der().data(), copies[1].der().data());
}

TEST(PublicKey, WritesThePemThatItReads) {
  for (const KnownSignature& known : known_signatures()) {
    const PublicKey key = key_of(known.key);
    const Result<PublicKey> again = PublicKey::from_pem(key.pem());
    ASSERT_TRUE(again.ok()) << again.status().what();
    EXPECT_EQ(*again, key);
  }
  // RFC 8410 section 10.1 has another key in the same form.
  EXPECT_EQ(key_of(known_signatures()[0].key).pem(),
            "-----BEGIN PUBLIC KEY-----\n"
            "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
            "-----END PUBLIC KEY-----\n");
}

TEST(PublicKey, NamesItsAlgorithm) {
  EXPECT_EQ(algorithm_name(KeyAlgorithm::kEd25519), "ed25519");
  EXPECT_EQ(algorithm_name(KeyAlgorithm::kEcdsaP256), "ecdsa-p256");
  EXPECT_EQ(algorithm_name(KeyAlgorithm::kEcdsaP384), "ecdsa-p384");
  EXPECT_EQ(algorithm_name(KeyAlgorithm::kRsaPss), "rsa-pss");
}

}  // namespace
}  // namespace signedvfs
