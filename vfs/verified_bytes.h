// Bytes whose digest was compared with a signed one, in the very memory that holds them now; or
// that were decoded into it from such bytes.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "archive/base/buffer.h"

namespace signedvfs {

// VerifiedBytes owns the content of one member of a `SignedVfs`. Only `ContentCheck` makes them,
// right after it has hashed this memory, or the private copy that was then decoded into it, and
// compared the digest with the signed one. Nothing can change them afterwards. Whatever compiles,
// unmarshals or loads code takes VerifiedBytes and never a span.
class VerifiedBytes {
 public:
  VerifiedBytes(VerifiedBytes&&) noexcept = default;
  VerifiedBytes& operator=(VerifiedBytes&&) noexcept = default;

  std::size_t size() const noexcept { return buffer_.size(); }

  // bytes borrows the content from this object.
  std::span<const std::byte> bytes() const& noexcept { return buffer_.bytes(); }
  std::span<const std::byte> bytes() && = delete;

 private:
  friend class ContentCheck;
  explicit VerifiedBytes(Buffer buffer) noexcept : buffer_(std::move(buffer)) {}

  Buffer buffer_;
};

}  // namespace signedvfs
