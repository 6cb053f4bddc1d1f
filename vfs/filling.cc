#include "vfs/filling.h"

#include <algorithm>
#include <utility>

#include "archive/os/processors.h"
#include "archive/workers/in_order.h"

namespace signedvfs {
namespace {

constexpr std::uint64_t kPiece = std::uint64_t{256} << 10U;
constexpr std::uint64_t kWorthThreads = std::uint64_t{8} << 20U;

// Done is what is left of a piece.
struct Done {};

// for_pieces calls `put(offset, size)` for all pieces of `size` bytes.
template <class Put>
Status for_pieces(std::uint64_t size, const Put& put) {
  const auto count = static_cast<std::size_t>((size + kPiece - 1) / kPiece);
  const unsigned threads = size < kWorthThreads ? 1 : processors();
  const auto size_of = [&](std::size_t i) { return std::min(kPiece, size - i * kPiece); };
  const auto work = [&](std::size_t i) -> Result<Done> {
    SIGNEDVFS_TRY(put(i * kPiece, size_of(i)));
    return Done{};
  };
  return in_order<Done>(count, threads, size_of, work, [](std::size_t, Done) { return Status(); });
}

}  // namespace

Result<Filled> fill(Vessel& vessel, std::uint64_t size, const CopyOut& copy_out) {
  Buffer first(static_cast<std::size_t>(std::min(kPiece, size)));
  SIGNEDVFS_TRY(copy_out(0, first.bytes()));
  const std::uint64_t taken = vessel.begin(std::as_const(first).bytes(), size);
  const auto put = [&](std::uint64_t offset, std::uint64_t count) -> Status {
    if (offset == 0) {
      return vessel.put(0, std::as_const(first).bytes().first(static_cast<std::size_t>(count)));
    }
    Buffer piece(static_cast<std::size_t>(count));
    SIGNEDVFS_TRY(copy_out(offset, piece.bytes()));
    return vessel.put(offset, std::as_const(piece).bytes());
  };
  SIGNEDVFS_TRY(for_pieces(taken, put));
  Filled out;
  if (size == first.size()) {
    out.rest = std::move(first);
    out.rest.drop_front(static_cast<std::size_t>(taken));
  } else {
    out.rest = Buffer(static_cast<std::size_t>(size - taken));
    SIGNEDVFS_TRY(copy_out(taken, out.rest.bytes()));
  }
  SIGNEDVFS_ASSIGN(out.closed, vessel.close());
  return out;
}

Result<Buffer> fill_from(Vessel& vessel, std::span<const std::byte> content) {
  const std::uint64_t taken = vessel.begin(content, content.size());
  const auto put = [&](std::uint64_t offset, std::uint64_t count) {
    return vessel.put(
        offset, content.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(count)));
  };
  SIGNEDVFS_TRY(for_pieces(taken, put));
  return vessel.close();
}

}  // namespace signedvfs
