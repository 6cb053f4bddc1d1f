// Bytes for tests, spelled in hexadecimal or as text.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace signedvfs {

using Bytes = std::vector<std::byte>;

// from_hex returns the bytes that pairs of hexadecimal digits stand for; spaces are skipped.
inline Bytes from_hex(std::string_view hex) {
  const auto value = [](char digit) {
    return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
  };
  Bytes bytes;
  int high = -1;
  for (const char digit : hex) {
    if (digit == ' ') continue;
    if (high < 0) {
      high = value(digit);
    } else {
      bytes.push_back(static_cast<std::byte>(high * 16 + value(digit)));
      high = -1;
    }
  }
  return bytes;
}

// as_bytes borrows `text`.
inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace signedvfs
