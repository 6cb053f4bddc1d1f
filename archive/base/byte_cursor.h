// The one way in which numbers are read out of bytes that anybody may have written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace signedvfs {

// ByteCursor walks over little-endian fields. Reading past the end gives zeros and empty spans, and
// makes `ok` false for good; so a whole record is read first and `ok` asked once. Borrows.
class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}

  bool ok() const noexcept { return ok_; }
  std::size_t remaining() const noexcept { return rest_.size(); }

  std::span<const std::byte> take(std::size_t count) noexcept {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  std::string_view text(std::size_t count) noexcept {
    const auto taken = take(count);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number<1>()); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number<2>()); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(number<4>()); }
  std::uint64_t u64() noexcept { return number<8>(); }

 private:
  template <std::size_t kWidth>
  std::uint64_t number() noexcept {
    const auto taken = take(kWidth);
    if (taken.size() != kWidth) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kWidth; ++i) {
      value |= std::to_integer<std::uint64_t>(taken[i]) << (8 * i);
    }
    return value;
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

}  // namespace signedvfs
