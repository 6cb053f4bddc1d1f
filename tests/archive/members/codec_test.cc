#include "archive/members/codec.h"

#include <gtest/gtest.h>

#include <string>

namespace signedvfs {
namespace {

std::string some_text(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(text.size() * 2654435761U) + '\n';
  text.resize(size);
  return text;
}

Status unpack(Method method, std::string_view stored, const std::string& content) {
  Buffer out(content.size());
  SIGNEDVFS_TRY(unpack_into(method, bytes_of(stored), checksum(bytes_of(content)), out.bytes()));
  EXPECT_EQ(text_of(out.bytes()), content);
  return {};
}

class Codec : public testing::TestWithParam<Method> {};

TEST_P(Codec, GivesBackWhatWasPacked) {
  for (const std::size_t size : {0U, 1U, 100U, 65'536U, 1'000'000U}) {
    const std::string content = some_text(size);
    const auto packed = pack_member(bytes_of(content), GetParam());
    ASSERT_TRUE(packed.ok());
    EXPECT_EQ(packed->size, size);
    EXPECT_LE(packed->bytes.size(), size);
    const Status status = unpack(packed->method, text_of(packed->bytes.bytes()), content);
    EXPECT_TRUE(status.ok()) << status.what();
  }
}

TEST_P(Codec, GivesTheSameBytesForTheSameContent) {
  const std::string content = some_text(300'000);
  const auto one = pack_member(bytes_of(content), GetParam());
  const auto other = pack_member(bytes_of(content), GetParam());
  EXPECT_EQ(text_of(one->bytes.bytes()), text_of(other->bytes.bytes()));
}

TEST_P(Codec, StoresWhatDoesNotGetSmaller) {
  for (const std::string& content : {std::string(), std::string("a"), some_text(2)}) {
    const auto packed = pack_member(bytes_of(content), GetParam());
    EXPECT_EQ(packed->method, Method::kStored);
    EXPECT_EQ(text_of(packed->bytes.bytes()), content);
  }
}

TEST_P(Codec, RefusesLevelsThatDoNotExist) {
  for (const int level : {-1, 100}) {
    EXPECT_EQ(pack_member(bytes_of("content"), GetParam(), level).code(), Errc::kUsage);
  }
}

// A5: a stream longer than the stated size; A6: anything behind it
TEST_P(Codec, DecodesExactlyTheStatedSize) {
  const std::string content = some_text(10'000);
  const auto packed = pack_member(bytes_of(content), GetParam());
  const std::string stored(text_of(packed->bytes.bytes()));
  ASSERT_EQ(packed->method, GetParam());
  EXPECT_TRUE(unpack(GetParam(), stored, content).ok());
  EXPECT_EQ(unpack(GetParam(), stored, content.substr(1)).code(), Errc::kCorruptMember);
  EXPECT_EQ(unpack(GetParam(), stored, content.substr(0, 9'999)).code(), Errc::kCorruptMember);
  EXPECT_EQ(unpack(GetParam(), stored, content + "x").code(), Errc::kCorruptMember);
  EXPECT_EQ(unpack(GetParam(), stored, "").code(), Errc::kCorruptMember);
  EXPECT_EQ(unpack(GetParam(), stored + "x", content).code(), Errc::kCorruptMember);
  EXPECT_EQ(unpack(GetParam(), stored + stored, content).code(), Errc::kCorruptMember);
  // Of deflate there is one stream; frames of zstd add up.
  EXPECT_EQ(unpack(GetParam(), stored + stored, content + content).ok(),
            GetParam() != Method::kDeflate);
  EXPECT_EQ(unpack(GetParam(), stored.substr(0, stored.size() - 1), content).code(),
            Errc::kCorruptMember);
  EXPECT_EQ(unpack(GetParam(), "", content).code(), Errc::kCorruptMember);
}

// A20: content that is not what was checksummed
TEST_P(Codec, RefusesAnotherChecksum) {
  const std::string content = some_text(1'000);
  const auto packed = pack_member(bytes_of(content), GetParam());
  Buffer out(content.size());
  EXPECT_EQ(
      unpack_into(packed->method, packed->bytes.bytes(), packed->crc32 ^ 1U, out.bytes()).code(),
      Errc::kCorruptMember);
}

INSTANTIATE_TEST_SUITE_P(Methods, Codec,
                         testing::Values(Method::kStored, Method::kDeflate, Method::kZstd));

TEST(Zstd, IsFramesAndNothingElse) {
  const std::string content = some_text(1'000);
  const auto packed = pack_member(bytes_of(content), Method::kZstd);
  const std::string frame(text_of(packed->bytes.bytes()));
  const std::string skippable("\x50\x2a\x4d\x18\x04\0\0\0evil", 12);
  EXPECT_EQ(unpack(Method::kZstd, skippable + frame, content).code(), Errc::kCorruptMember);
  EXPECT_EQ(unpack(Method::kZstd, frame + skippable, content).code(), Errc::kCorruptMember);
  EXPECT_EQ(unpack(Method::kZstd, skippable, "").code(), Errc::kCorruptMember);
  EXPECT_EQ(unpack(Method::kZstd, "", "").code(), Errc::kCorruptMember);
  // Several are one content, as they are for Python's zipimport.
  EXPECT_TRUE(unpack(Method::kZstd, frame + frame, content + content).ok());
  EXPECT_EQ(unpack(Method::kZstd, frame + frame, content).code(), Errc::kCorruptMember);
  EXPECT_EQ(unpack(Method::kZstd, frame + frame.substr(0, 9), content).code(),
            Errc::kCorruptMember);
  EXPECT_EQ(unpack(Method::kZstd, frame + skippable + frame, content + content).code(),
            Errc::kCorruptMember);
}

TEST(Zstd, NeedsNoDictionary) {
  const std::string plain("\x28\xb5\x2f\xfd\x20\x01\x09\0\0x", 10);
  const std::string with_dictionary("\x28\xb5\x2f\xfd\x21\x07\x01\x09\0\0x", 11);
  EXPECT_TRUE(unpack(Method::kZstd, plain, "x").ok());
  EXPECT_EQ(unpack(Method::kZstd, with_dictionary, "x").code(), Errc::kCorruptMember);
}

TEST(Deflate, MayBeAnEmptyStream) {
  EXPECT_TRUE(unpack(Method::kDeflate, std::string_view("\x03\x00", 2), "").ok());
  EXPECT_FALSE(unpack(Method::kDeflate, std::string_view("\x03\x00\x00", 3), "").ok());
}

// A7: there are no other methods
TEST(CodecMethod, RefusesOtherMethods) {
  EXPECT_EQ(unpack(static_cast<Method>(12), "x", "x").code(), Errc::kBadMethod);
  EXPECT_EQ(pack_member(bytes_of("x"), static_cast<Method>(12)).code(), Errc::kBadMethod);
}

TEST(Checksum, IsTheOneOfZip) { EXPECT_EQ(checksum(bytes_of("123456789")), 0xcbf43926U); }

}  // namespace
}  // namespace signedvfs
