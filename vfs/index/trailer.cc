#include "vfs/index/trailer.h"

#include <string_view>

#include "archive/base/byte_cursor.h"

namespace signedvfs {
namespace {

constexpr std::string_view kMagic = "svfsidx1";

}  // namespace

std::optional<IndexTrailer> read_trailer(std::span<const std::byte> bytes, std::uint64_t before) {
  ByteCursor cursor(bytes);
  IndexTrailer out;
  out.index_size = cursor.u64();
  out.manifest_back = cursor.u64();
  out.manifest_size = cursor.u64();
  out.signed_part_size = cursor.u32();
  if (cursor.text(kMagic.size()) != kMagic || cursor.remaining() != 0) return {};
  const std::uint64_t whole = before + kTrailerBytes;
  if (out.index_size < kTrailerBytes || out.index_size > whole || out.manifest_back > whole ||
      out.manifest_back < out.index_size ||
      out.manifest_size > out.manifest_back - out.index_size ||
      out.signed_part_size > out.manifest_size) {
    return {};
  }
  return out;
}

ByteBuilder encode_trailer(const IndexTrailer& trailer) {
  ByteBuilder out;
  out.u64(trailer.index_size)
      .u64(trailer.manifest_back)
      .u64(trailer.manifest_size)
      .u32(trailer.signed_part_size)
      .text(kMagic);
  return out;
}

}  // namespace signedvfs
