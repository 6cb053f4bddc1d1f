// Few large writes in place of many small ones.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/base/status.h"
#include "archive/zip/writer.h"

namespace signedvfs {

// BufferedSink passes bytes on to another sink, small pieces together.
class BufferedSink {
 public:
  explicit BufferedSink(Sink out) : out_(std::move(out)), collected_(kCapacity) {}

  // write fails as the other sink does, maybe for what was written earlier; that is final.
  Status write(std::span<const std::byte> bytes) {
    const bool is_large = bytes.size() > kCapacity / 2;
    if (is_large || bytes.size() > kCapacity - used_) SIGNEDVFS_TRY(flush());
    if (is_large) return out_(bytes);
    if (!bytes.empty()) {
      std::memcpy(collected_.bytes().data() + used_, bytes.data(), bytes.size());
      used_ += bytes.size();
    }
    return {};
  }

  // flush passes on what is left.
  Status flush() {
    const std::span<const std::byte> bytes = collected_.bytes().first(std::exchange(used_, 0));
    return bytes.empty() ? Status() : out_(bytes);
  }

 private:
  static constexpr std::size_t kCapacity = std::size_t{256} << 10U;

  Sink out_;
  Buffer collected_;
  std::size_t used_ = 0;
};

}  // namespace signedvfs
