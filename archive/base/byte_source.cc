#include "archive/base/byte_source.h"

#include <algorithm>

#include "archive/base/buffer.h"

namespace signedvfs {

Status copy_pieces(const ByteSource& source, std::uint64_t length,
                   const std::function<Status(std::span<const std::byte>)>& sink) {
  constexpr std::uint64_t kPiece = std::uint64_t{1} << 20U;
  Buffer memory(static_cast<std::size_t>(std::min(kPiece, length)));
  for (std::uint64_t at = 0; at < length; at += memory.size()) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(memory.size(), length - at));
    const std::span<std::byte> piece = memory.bytes().first(size);
    SIGNEDVFS_TRY(source.copy_out(at, piece));
    SIGNEDVFS_TRY(sink(piece));
  }
  return {};
}

}  // namespace signedvfs
