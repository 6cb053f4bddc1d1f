#include "vfs/crypto/base64.h"

#include <gtest/gtest.h>

#include "tests/vfs/bytes.h"

namespace signedvfs {
namespace {

// RFC 4648 section 10.
constexpr std::pair<std::string_view, std::string_view> kEncodings[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

TEST(Base64, GivesTheKnownAnswers) {
  for (const auto& [text, base64] : kEncodings) {
    EXPECT_EQ(base64_encode(as_bytes(text)), base64);
    const auto bytes = base64_decode(base64);
    ASSERT_TRUE(bytes) << base64;
    EXPECT_EQ(*bytes, Bytes(as_bytes(text).begin(), as_bytes(text).end()));
  }
}

TEST(Base64, RoundTripsEveryByteAndLongInputs) {
  Bytes bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<std::byte>(i));
  EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);

  for (const int extra : {-1, 0, 1, 2}) {
    const Bytes longer(static_cast<std::size_t>((3 << 20) + extra), std::byte{0xa5});
    EXPECT_EQ(base64_decode(base64_encode(longer)), longer) << extra;
  }
}

// C13: base64 leniency
TEST(Base64, RefusesEverySpellingButOne) {
  for (const std::string_view text : {
           "Zg",            // no padding
           "Zg=",           // too little padding
           "Zg===",         // too much padding
           "Zm8==",         //
           "Zm9v====",      // padding alone
           "=",             //
           "====",          //
           "Zh==",          // non-zero trailing bits: same byte as Zg==
           "Zm9=",          //
           "Z===",          // six bits are no byte
           "Zg==Zg==",      // padding in the middle
           "Z=g=",          //
           " Zg==",         // white space
           "Zg== ",         //
           "Zg==\n",        //
           "Zm9v\n",        //
           "\nZm9v",        //
           "Zm 9v",         //
           "Zm9vYmF5\r\n",  //
           "Zm9-",          // the URL-safe alphabet
           "Zm9_",          //
           "Zm9!",          // junk
           "Zm9\x80",       //
           "-Zg==",         // EVP_DecodeBlock takes - for the end of the data
       }) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  EXPECT_FALSE(base64_decode(std::string_view("Zm9\0", 4)));
}

// C13: base64 leniency, for every single character
TEST(Base64, DecodesNoTwoTextsToTheSameBytes) {
  for (int last = 0; last < 256; ++last) {
    const std::string text = {'Z', 'm', '8', static_cast<char>(last)};
    const auto bytes = base64_decode(text);
    EXPECT_TRUE(!bytes || base64_encode(*bytes) == text) << last;
  }
}

}  // namespace
}  // namespace signedvfs
