// The shared object's decoders of single streams. What they make of damaged ones is in
// tests/archive/lenient/directory_test.cc.
#include "archive/foreign/single.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "archive/base/buffer.h"

namespace signedvfs {
namespace {

std::span<std::byte> writable(std::string& text) {
  return {reinterpret_cast<std::byte*>(text.data()), text.size()};
}

// Made by bz2.compress(b"") and by zipfile's LZMA compressor from nothing.
constexpr std::string_view kEmptyBzip2("BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0", 14);
constexpr std::string_view kEmptyLzma(
    "\x09\x04\x05\0\x5d\0\0\x80\0\0\x83\xff\xfb\xff\xff\xc0\0\0\0", 19);

TEST(SingleStream, MayHoldNothing) {
  EXPECT_TRUE(decode_bzip2(bytes_of(kEmptyBzip2), {}).ok());
  const Status lzma = decode_zip_lzma(bytes_of(kEmptyLzma), true, {});
  EXPECT_TRUE(lzma.ok()) << lzma.what();
  std::string one(1, 'x');
  EXPECT_EQ(decode_bzip2(bytes_of(kEmptyBzip2), writable(one)).code(), Errc::kCorruptMember);
  EXPECT_EQ(decode_zip_lzma(bytes_of(kEmptyLzma), true, writable(one)).code(),
            Errc::kCorruptMember);
}

TEST(SingleStream, IsNotTakenForAnotherKind) {
  std::string out(14, 'x');
  // What is compressed by no filter would come out as it is.
  EXPECT_EQ(decode_bzip2(bytes_of("just some text"), writable(out)).code(), Errc::kCorruptMember);
  EXPECT_EQ(decode_bzip2({}, {}).code(), Errc::kCorruptMember);
  EXPECT_EQ(decode_zip_lzma({}, true, {}).code(), Errc::kCorruptMember);
  EXPECT_EQ(
      decode_zip_lzma(bytes_of(std::string_view("\x09\x04\x06\0\x5d\0\0\x80\0\0", 10)), true, {})
          .code(),
      Errc::kCorruptMember);
}

}  // namespace
}  // namespace signedvfs
