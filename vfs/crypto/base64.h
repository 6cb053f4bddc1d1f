// Base64 (RFC 4648 section 4) with exactly one spelling for each sequence of bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signedvfs {

// base64_encode returns `bytes` in the standard alphabet, padded, on one line.
std::string base64_encode(std::span<const std::byte> bytes);

// base64_decode returns the bytes whose `base64_encode` is `text`, and nothing where there are
// none: white space, missing padding, another alphabet and non-zero trailing bits are refused.
std::optional<std::vector<std::byte>> base64_decode(std::string_view text);

}  // namespace signedvfs
