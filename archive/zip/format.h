// Numbers of the zip format (APPNOTE.TXT 6.3.10; sections in brackets).
#pragma once

#include <cstddef>
#include <cstdint>

namespace signedvfs {

// Signatures and fixed sizes of the records.
inline constexpr std::uint32_t kZipLocalSignature = 0x04034b50;    // [4.3.7]
inline constexpr std::uint32_t kZipCentralSignature = 0x02014b50;  // [4.3.12]
inline constexpr std::uint32_t kZipEnd64Signature = 0x06064b50;    // [4.3.14]
inline constexpr std::uint32_t kZipLocatorSignature = 0x07064b50;  // [4.3.15]
inline constexpr std::uint32_t kZipEndSignature = 0x06054b50;      // [4.3.16]
inline constexpr std::size_t kZipLocalSize = 30;
inline constexpr std::size_t kZipCentralSize = 46;
inline constexpr std::size_t kZipEnd64Size = 56;
inline constexpr std::size_t kZipLocatorSize = 20;
inline constexpr std::size_t kZipEndSize = 22;

// The size that an end record states for itself: without signature and the size field [4.3.14.1].
inline constexpr std::uint64_t kZipEnd64StatedSize = kZipEnd64Size - 12;

// Fields at these values are in the zip64 record or extra field instead [4.4.1.4].
inline constexpr std::uint16_t kZipSaturated16 = 0xffff;
inline constexpr std::uint32_t kZipSaturated32 = 0xffffffff;

// Flags [4.4.4], extra fields [4.5.2, 4.6], versions [4.4.3].
inline constexpr std::uint16_t kZipFlagUtf8 = 0x0800;
inline constexpr std::uint16_t kZipExtraZip64 = 0x0001;
inline constexpr std::uint16_t kZipExtraUnicodeComment = 0x6375;
inline constexpr std::uint16_t kZipExtraUnicodePath = 0x7075;
inline constexpr std::uint16_t kZipExtraAes = 0x9901;
inline constexpr std::uint16_t kZipVersionDeflate = 20;
inline constexpr std::uint16_t kZipVersionZip64 = 45;
inline constexpr std::uint16_t kZipVersionZstd = 63;

// External attributes [4.4.15]: MS-DOS bits, and a Unix mode in the upper half.
inline constexpr std::uint32_t kZipDosDirectory = 0x10;
inline constexpr std::uint32_t kZipDosVolume = 0x08;
inline constexpr unsigned kZipModeShift = 16;

}  // namespace signedvfs
