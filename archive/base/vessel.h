// Memory that is filled, and then closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "archive/base/buffer.h"
#include "archive/base/status.h"

namespace signedvfs {

// Vessel takes one content, or the front of it. What `close` returns is that content as long as
// nobody else has meddled with it before, and whatever it is, nobody can change it any more: so it
// is looked at only then.
class Vessel {
 public:
  Vessel() = default;
  Vessel(const Vessel&) = delete;
  Vessel& operator=(const Vessel&) = delete;
  virtual ~Vessel() = default;

  // begin is told how many bytes there are, and which are the first; it returns how many of the
  // first ones it takes, at most all. It is called once, before the others.
  virtual std::uint64_t begin(std::span<const std::byte> first, std::uint64_t size) = 0;

  // put takes the bytes from `offset` on. Several threads may call it, in any order.
  virtual Status put(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  // close returns what was taken, as memory of its own. To be called once, after which nothing is
  // put.
  virtual Result<Buffer> close() = 0;
};

}  // namespace signedvfs
