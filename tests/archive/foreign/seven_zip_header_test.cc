#include "archive/foreign/seven_zip_header.h"

#include <gtest/gtest.h>

#include <string>

#include "archive/base/buffer.h"

namespace signedvfs {
namespace {

using std::string_literals::operator""s;

// number writes an integer as 7z does, in its longest form.
std::string number(std::uint64_t value) {
  std::string out = "\xff";
  for (unsigned i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

const std::string kLzmaProperties = "\x5d\0\0\x10\0"s;  // a dictionary of a megabyte

std::string lzma(const std::string& properties = kLzmaProperties) {
  return "\x23\x03\x01\x01" + number(properties.size()) + properties;
}

// streams describes one stored stream of 100 bytes at `offset` that `coders` decode to `size`.
std::string streams(const std::string& coders, char count = 1, std::uint64_t size = 100,
                    std::uint64_t offset = 0) {
  const std::string bindings = count == 2 ? "\0\1"s : "";
  std::string sizes;
  for (char i = 0; i < count; ++i) sizes += number(size);
  return "\x06" + number(offset) + number(1) + "\x09" + number(100) + "\0"s + "\x07\x0b" +
         number(1) + "\0"s + count + coders + bindings + "\x0c" + sizes + "\0\0"s;
}

// header has `files` files, and room for as many names as `names` bytes have.
std::string header(std::uint64_t files, std::size_t names, const std::string& coders = lzma(),
                   char count = 1) {
  return "\x01\x04" + streams(coders, count) + "\x05" + number(files) + std::string(names, 'n') +
         "\0\0"s;
}

Status check(const std::string& text, const Limits& limits = {}) {
  return check_seven_zip_header(bytes_of(text), limits);
}

TEST(SevenZipHeader, AcceptsWhatWritersWrite) {
  EXPECT_TRUE(check("").ok());
  EXPECT_TRUE(check("\x01\0"s).ok());
  EXPECT_TRUE(check(header(1, 4)).ok());
  EXPECT_TRUE(check(header(1000, 4000)).ok());
  EXPECT_TRUE(check(header(1, 4, lzma() + "\x04\x03\x03\x01\x03", 2)).ok()) << "LZMA and BCJ";
  EXPECT_TRUE(check(header(1, 4, "\x21\x21" + number(1) + "\x18")).ok()) << "LZMA2";
  EXPECT_TRUE(check(header(1, 4, "\x01\0"s)).ok()) << "copied";
}

// A file of a kilobyte announced a hundred million files, for which libarchive took 8 GB.
TEST(SevenZipHeader, BoundsTheFilesThatAreAnnounced) {
  EXPECT_EQ(check(header(1'000'001, 5'000'000)).limit(), "members");
  EXPECT_EQ(check(header(1000, 3000)).code(), Errc::kForeignFormat) << "they have no names";
  Limits limits;
  limits.members = 2;
  EXPECT_EQ(check(header(3, 100), limits).limit(), "members");
  EXPECT_TRUE(check(header(2, 100), limits).ok());
}

TEST(SevenZipHeader, BoundsDictionaries) {
  EXPECT_EQ(check(header(1, 4, lzma("\x5d\0\0\0\xff"s))).limit(), "member_bytes");
  EXPECT_EQ(check(header(1, 4, "\x21\x21" + number(1) + "\x28")).limit(), "member_bytes");
  EXPECT_EQ(check(header(1, 4, "\x21\x21" + number(1) + "\x29")).code(), Errc::kForeignFormat);
  EXPECT_EQ(check(header(1, 4, "\x23\x03\x04\x01" + number(5) + "\x06\0\0\0\xf0"s)).limit(),
            "member_bytes")
      << "PPMd";
  EXPECT_EQ(check(header(1, 4, lzma("\x5d"))).code(), Errc::kForeignFormat);
}

// libarchive decodes three of BCJ2's four streams whole before it gives out a byte.
TEST(SevenZipHeader, RefusesCodersOfSeveralStreams) {
  EXPECT_EQ(check(header(1, 4, "\x14\x03\x03\x01\x1b" + number(4) + number(1))).code(),
            Errc::kUnsupported);
  EXPECT_EQ(check(header(1, 4, "\x11\x21" + number(1) + number(2))).code(), Errc::kUnsupported);
}

// A16: encryption
TEST(SevenZipHeader, RefusesEncryption) {
  EXPECT_EQ(check(header(1, 4, "\x24\x06\xf1\x07\x01" + number(2) + "ab")).code(), Errc::kBadFlags);
}

TEST(SevenZipHeader, RefusesEveryTruncation) {
  const std::string whole = header(1, 4);
  for (std::size_t size = 1; size < whole.size() - 6; ++size) {
    EXPECT_FALSE(check(whole.substr(0, size)).ok()) << size;
  }
}

TEST(SevenZipHeader, TakesNoMemoryForCountsThatAreNotThere) {
  const std::string huge = number(UINT64_MAX / 2);
  EXPECT_FALSE(check("\x01\x04\x06" + number(0) + huge).ok());
  EXPECT_FALSE(check("\x01\x04\x07\x0b" + huge).ok());
  EXPECT_FALSE(check("\x01\x04\x07\x0b" + number(1) + "\0"s + huge).ok());
  EXPECT_FALSE(check("\x01\x05" + huge).ok());
}

TEST(SevenZipHeader, TellsAPlainDirectoryFromACompressedOne) {
  const auto plain = read_encoded_header(bytes_of(header(1, 4)), {});
  ASSERT_TRUE(plain.ok());
  EXPECT_FALSE(plain->has_value());
  const std::string text = "\x17" + streams(lzma(), 1, 700, 5);
  const auto encoded = read_encoded_header(bytes_of(text), {});
  ASSERT_TRUE(encoded.ok() && encoded->has_value()) << encoded.status().what();
  EXPECT_EQ((*encoded)->offset, 5U);
  EXPECT_EQ((*encoded)->stored_size, 100U);
  EXPECT_EQ((*encoded)->size, 700U);
  EXPECT_EQ((*encoded)->properties, 0x5d);
  const std::string other = "\x17" + streams("\x21\x21" + number(1) + "\x18");
  EXPECT_EQ(read_encoded_header(bytes_of(other), {}).code(), Errc::kUnsupported);
  EXPECT_FALSE(read_encoded_header(bytes_of("\x17"), {}).ok());
}

}  // namespace
}  // namespace signedvfs
