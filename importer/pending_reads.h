// Members that find_spec has read and exec_module is about to use.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "vfs/signed_vfs.h"

namespace signedvfs {

// PendingReads keeps the content that `find_spec` has read to choose a file until the loader asks
// for it, so that a module is copied, decoded and hashed once per import. Small and bounded: what
// nobody fetches is dropped, and read again should it be wanted after all. Any thread may use it.
class PendingReads {
 public:
  // put keeps `content` of the member `entry` of `vfs`.
  void put(std::shared_ptr<const SignedVfs> vfs, std::string entry, VerifiedBytes content);

  // take returns it and forgets it.
  std::optional<VerifiedBytes> take(const SignedVfs& vfs, std::string_view entry);

 private:
  static constexpr std::size_t kMaxReads = 16;
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

  struct Read {
    std::shared_ptr<const SignedVfs> vfs;
    std::string entry;
    VerifiedBytes content;
  };

  std::deque<Read> reads_;  // oldest first
  std::size_t bytes_ = 0;
};

}  // namespace signedvfs
