// The hash of a source file that a hash-based .pyc carries (PEP 552).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "archive/base/status.h"

namespace signedvfs {

// SourceHash is what bytes 8 to 16 of a hash-based .pyc hold.
using SourceHash = std::array<std::byte, 8>;

// source_hash returns the hash of `source` as the CPython whose .pyc files begin with `magic` (four
// bytes, little-endian) makes it: SipHash, keyed by that number. Returns nothing for a number that
// stands for no released CPython of 3.7 or later, of which it is not known what it does. It is no
// protection: anybody can make a source that fits. Fails with `kCrypto`. Any thread may call.
Result<std::optional<SourceHash>> source_hash(std::uint32_t magic,
                                              std::span<const std::byte> source);

}  // namespace signedvfs
