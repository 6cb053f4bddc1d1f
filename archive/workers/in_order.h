// The same work for many members, by several threads, with results in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "archive/base/status.h"
#include "archive/workers/ordered_workers.h"

namespace signedvfs {

// in_order calls `work(i)` for 0 <= i < `count`, which returns a Result<T>, in up to `threads`
// threads, and `take(i, T)`, which returns a Status, for one i after the other in the caller's.
// `bytes_of(i)` says about how much memory a T holds; only so much of it exists at a time. Returns
// what failed first in the order of i, after everything in front of it has been taken.
template <class T, class BytesOf, class Work, class Take>
Status in_order(std::size_t count, unsigned threads, const BytesOf& bytes_of, const Work& work,
                const Take& take) {
  // So many that handing them over costs little, and so few that no thread is left alone with them.
  constexpr std::uint64_t kPieceBytes = std::uint64_t{256} << 10U;
  constexpr std::size_t kPieceMembers = 64;
  constexpr std::uint64_t kWindowPerThread = std::uint64_t{4} << 20U;

  struct Piece {
    std::vector<T> results;
    Status failed;
  };
  OrderedWorkers workers(threads, std::max(threads, 1U) * kWindowPerThread);
  for (std::size_t begin = 0; begin < count;) {
    std::size_t end = begin;
    std::uint64_t bytes = 0;
    while (end < count && end - begin < kPieceMembers && bytes < kPieceBytes) {
      bytes += bytes_of(end++);
    }
    const auto piece = std::make_shared<Piece>();
    const auto do_piece = [piece, begin, end, &work] {
      piece->results.reserve(end - begin);
      for (std::size_t i = begin; i < end; ++i) {
        Result<T> result = work(i);
        if (!result.ok()) {
          piece->failed = std::move(result).status();
          return;
        }
        piece->results.push_back(std::move(result).value());
      }
    };
    const auto take_piece = [piece, begin, &take]() -> Status {
      for (std::size_t i = 0; i < piece->results.size(); ++i) {
        SIGNEDVFS_TRY(take(begin + i, std::move(piece->results[i])));
      }
      return piece->failed;
    };
    SIGNEDVFS_TRY(workers.put(bytes, do_piece, take_piece));
    begin = end;
  }
  return workers.finish();
}

}  // namespace signedvfs
