// Member content as it is stored, and the way to it and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "archive/base/buffer.h"
#include "archive/base/status.h"

namespace signedvfs {

// Method is a compression method by its number in the zip format (APPNOTE 4.4.5).
enum class Method : std::uint16_t { kStored = 0, kDeflate = 8, kZstd = 93 };

// method_of returns the method of that number, or nothing where it is none that is handled.
std::optional<Method> method_of(std::uint16_t number) noexcept;

// Packed is a member's content as it will be stored.
struct Packed {
  Method method = Method::kStored;
  std::uint32_t crc32 = 0;
  std::uint64_t size = 0;  // decoded
  Buffer bytes;            // encoded
};

// pack_member encodes `content` with `method`; `level` 0 means the method's default. Content that
// does not get smaller is stored. What zstd makes smaller than a reader of `Limits::ratio` `ratio`
// accepts (0: any) is deflated, and what deflate does is stored. The result depends on nothing but
// the arguments.
Result<Packed> pack_member(std::span<const std::byte> content, Method method, int level = 0,
                           std::uint64_t ratio = 0);

// unpack_into decodes `stored` into exactly `dst`: it fails with `kCorruptMember` where the stream
// is malformed, longer or shorter than `dst`, or followed by anything, or where the checksum of
// the result is not `crc32`; with `kBadMethod` for another method. Decoders are reused per thread.
Status unpack_into(Method method, std::span<const std::byte> stored, std::uint32_t crc32,
                   std::span<std::byte> dst);

// decode_into does the same without a checksum, for stored bytes that have been checked already.
Status decode_into(Method method, std::span<const std::byte> stored, std::span<std::byte> dst);

// checksum returns the CRC-32 of zip and zlib (ISO 3309). It finds accidents, not attackers.
std::uint32_t checksum(std::span<const std::byte> bytes) noexcept;

}  // namespace signedvfs
