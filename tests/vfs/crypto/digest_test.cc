#include "vfs/crypto/digest.h"

#include <gtest/gtest.h>

#include "tests/vfs/bytes.h"

namespace signedvfs {
namespace {

struct KnownAnswer {
  HashType type;
  std::string_view message;
  std::string_view digest;
};

constexpr std::string_view kTwoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

// The examples of FIPS 180-4 and, for the legacy types, of RFC 3174 and RFC 1321.
constexpr KnownAnswer kKnownAnswers[] = {
    {HashType::kSha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {HashType::kSha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {HashType::kSha256, kTwoBlocks,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {HashType::kSha384, "abc",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
     "8086072ba1e7cc2358baeca134c825a7"},
    {HashType::kSha512, "abc",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {HashType::kLegacySha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {HashType::kLegacyMd5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
};

TEST(Digest, GivesTheKnownAnswers) {
  for (const KnownAnswer& known : kKnownAnswers) {
    const Result<Digest> digest = digest_of(known.type, as_bytes(known.message));
    ASSERT_TRUE(digest.ok()) << digest.status().what();
    EXPECT_EQ(digest->hex(), known.digest) << hash_name(known.type);
    EXPECT_EQ(digest->type(), known.type);
  }
}

TEST(Digest, IsTheSameInPieces) {
  for (const KnownAnswer& known : kKnownAnswers) {
    Result<Hasher> hasher = Hasher::create(known.type);
    ASSERT_TRUE(hasher.ok()) << hasher.status().what();
    for (const char& letter : known.message) {
      ASSERT_TRUE(hasher->update(as_bytes({&letter, 1})).ok());
    }
    const Result<Digest> digest = std::move(*hasher).finish();
    ASSERT_TRUE(digest.ok()) << digest.status().what();
    EXPECT_EQ(digest->hex(), known.digest) << hash_name(known.type);
  }
}

// C9: weak hash
TEST(Digest, KnowsExactLowerCaseNamesOnly) {
  EXPECT_EQ(hash_type_of("sha256"), HashType::kSha256);
  EXPECT_EQ(hash_type_of("sha384"), HashType::kSha384);
  EXPECT_EQ(hash_type_of("sha512"), HashType::kSha512);
  EXPECT_EQ(hash_type_of("sha1"), HashType::kLegacySha1);
  EXPECT_EQ(hash_type_of("md5"), HashType::kLegacyMd5);
  for (const std::string_view name :
       {"", "SHA256", "Sha256", "sha-256", "sha2-256", "sha256 ", " sha256", "sha25", "sha2566",
        "sha224", "sha512-256", "sha3-256", "shake128", "crc32", "none", "null", "blake2b512"}) {
    EXPECT_FALSE(hash_type_of(name)) << name;
  }
}

// C10: truncated, empty or non-hexadecimal digest
TEST(Digest, ReadsExactlyAsManyLowerCaseDigitsAsItsTypeHas) {
  const std::string hex(kKnownAnswers[1].digest);
  const auto genuine = Digest::from_hex(HashType::kSha256, hex);
  ASSERT_TRUE(genuine);
  EXPECT_EQ(genuine->hex(), hex);
  EXPECT_EQ(*genuine, digest_of(HashType::kSha256, as_bytes("abc")).value());

  for (std::size_t length = 0; length < hex.size(); ++length) {
    EXPECT_FALSE(Digest::from_hex(HashType::kSha256, hex.substr(0, length))) << length;
  }
  EXPECT_FALSE(Digest::from_hex(HashType::kSha256, hex + "00"));
  EXPECT_FALSE(Digest::from_hex(HashType::kSha384, hex));
  for (const char wrong : {'A', 'F', 'g', ' ', '/', ':', '`', '@', '\0', '\xff'}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}, hex.size() - 1}) {
      std::string text = hex;
      text[at] = wrong;
      EXPECT_FALSE(Digest::from_hex(HashType::kSha256, text)) << int{wrong} << " at " << at;
    }
  }
}

// C10: digest matched by a prefix
TEST(Digest, DiffersInEveryBitAndInType) {
  const Digest genuine = digest_of(HashType::kSha256, as_bytes("abc")).value();
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Bytes value(genuine.value().begin(), genuine.value().end());
    value[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(Digest(HashType::kSha256, value) == genuine) << bit;
  }
  const Bytes zeros(64);
  const auto zero = [&](HashType type) {
    return Digest(type, std::span(zeros).first(hash_bytes(type)));
  };
  EXPECT_EQ(zero(HashType::kSha256), zero(HashType::kSha256));
  EXPECT_FALSE(zero(HashType::kSha256) == zero(HashType::kSha384));
  EXPECT_FALSE(zero(HashType::kLegacyMd5) == zero(HashType::kSha512));
}

}  // namespace
}  // namespace signedvfs
