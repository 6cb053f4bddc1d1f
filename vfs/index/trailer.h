// The last bytes of the signed index: where to look for what is signed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "archive/base/byte_builder.h"

namespace signedvfs {

// IndexTrailer stands at the very end of the index, directly before the central directory. Nobody
// has signed it: whatever is found where it points is checked by a signature or a digest.
//
//   size of the index (u64), bytes from the manifest's first one to the trailer's end (u64), size
//   of the manifest (u64) and of its signed part (u32: signatures, empty line, header), "svfsidx1"
struct IndexTrailer {
  std::uint64_t index_size = 0;  // with the trailer
  std::uint64_t manifest_back = 0;
  std::uint64_t manifest_size = 0;
  std::uint32_t signed_part_size = 0;
};

inline constexpr std::size_t kTrailerBytes = 3 * 8 + 4 + 8;

// read_trailer reads the trailer out of `bytes`, of exactly `kTrailerBytes`, in front of which the
// archive has `before` bytes. Nothing is returned where there is none, or where it points outside.
std::optional<IndexTrailer> read_trailer(std::span<const std::byte> bytes, std::uint64_t before);

// encode_trailer returns the trailer's bytes.
ByteBuilder encode_trailer(const IndexTrailer& trailer);

}  // namespace signedvfs
