// The mode of a file as POSIX numbers it, and as archives store it: type and permission bits.
#pragma once

#include <cstdint>

namespace signedvfs {

// Values of <sys/stat.h> (POSIX leaves them open; every archive format fixes these).
inline constexpr std::uint32_t kTypeBits = 0170000;
inline constexpr std::uint32_t kRegularType = 0100000;
inline constexpr std::uint32_t kDirectoryType = 0040000;
inline constexpr std::uint32_t kLinkType = 0120000;
inline constexpr std::uint32_t kSetIdBits = 06000;
inline constexpr std::uint32_t kStickyBit = 01000;
inline constexpr std::uint32_t kPermissionBits = 0777;

inline constexpr std::uint32_t type_of(std::uint32_t mode) noexcept { return mode & kTypeBits; }

}  // namespace signedvfs
