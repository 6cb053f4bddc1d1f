// The first bytes of a .pyc (PEP 552): which Python wrote it, and how it belongs to its source.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "archive/base/byte_cursor.h"

namespace signedvfs {

// PycHeader borrows from the file that it was read from.
struct PycHeader {
  static constexpr std::size_t kBytes = 16;

  // Flags: without the first one, `rest` is the source's time and size, 32 bits each.
  static constexpr std::uint32_t kHashBased = 1;    // `rest` is the source's hash
  static constexpr std::uint32_t kCheckSource = 2;  // which is to be compared

  std::uint32_t magic = 0;
  std::uint32_t flags = 0;
  std::span<const std::byte> rest;

  bool is_hash_based() const noexcept { return (flags & kHashBased) != 0; }
  bool checks_source() const noexcept { return (flags & kCheckSource) != 0; }

  // has_known_flags tells whether the flags are a combination that PEP 552 has.
  bool has_known_flags() const noexcept {
    return flags == 0 || flags == kHashBased || flags == (kHashBased | kCheckSource);
  }
};

// read_pyc_header returns nothing where `file` is too short to have one.
inline std::optional<PycHeader> read_pyc_header(std::span<const std::byte> file) noexcept {
  ByteCursor cursor(file);
  PycHeader out;
  out.magic = cursor.u32();
  out.flags = cursor.u32();
  out.rest = cursor.take(PycHeader::kBytes - 2 * sizeof(std::uint32_t));
  if (!cursor.ok()) return std::nullopt;
  return out;
}

}  // namespace signedvfs
