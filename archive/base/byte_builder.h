// The counterpart of ByteCursor: little-endian fields, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "archive/base/buffer.h"

namespace signedvfs {

// ByteBuilder collects the bytes of a record.
class ByteBuilder {
 public:
  ByteBuilder& u8(std::uint64_t value) { return number(value, 1); }
  ByteBuilder& u16(std::uint64_t value) { return number(value, 2); }
  ByteBuilder& u32(std::uint64_t value) { return number(value, 4); }
  ByteBuilder& u64(std::uint64_t value) { return number(value, 8); }
  ByteBuilder& text(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }

  std::size_t size() const noexcept { return bytes_.size(); }

  // bytes borrows what has been collected.
  std::span<const std::byte> bytes() const& noexcept { return bytes_of(bytes_); }
  std::span<const std::byte> bytes() && = delete;

 private:
  ByteBuilder& number(std::uint64_t value, std::size_t width) {
    char bytes[sizeof value];
    for (std::size_t i = 0; i < width; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
    bytes_.append(bytes, width);
    return *this;
  }

  std::string bytes_;
};

}  // namespace signedvfs
