// What a launcher obeys: the policy that the packer writes into a launcher which was built before.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "vfs/manifest/policy.h"

namespace signedvfs {

// LaunchRules are what an application's builder decides once for all its starts. Whoever can write
// to the executable can change them; nothing else can.
struct LaunchRules {
  TrustPolicy policy;         // at least one key; the system's clock; not `legacy`
  bool shows_info = false;    // `--signedvfs-info` answers
  bool verifies_all = false;  // the whole archive is verified at each start
  bool hardened = false;      // the launcher's first stage runs before the dynamic linker
};

// kLaunchSectionName is the section of the executable in which they stand, read-only and of exactly
// kLaunchSectionSize bytes.
inline constexpr std::string_view kLaunchSectionName = ".svfs_key";
inline constexpr std::size_t kLaunchSectionSize = 4096;

// The section's bytes, little-endian:
//
//   0     8     "SVFSKEY1"
//   8     u16   1, the format
//   10    u16   flags: 1 `shows_info`, 2 `verifies_all`, 4 `hardened`; no others
//   12    u32   size of the payload
//   16          payload; then zeros
//   4064  32    SHA-256 of all bytes in front of it
//
// A text is a u16 with its size, and its bytes; a list is a u16 with their number, and the texts,
// each greater than the one before. The payload:
//
//   u32 threshold
//   u16 number of keys, and of each: a text, its DER SubjectPublicKeyInfo; u8 saying which follow
//     of its scope's 1 names (a list), 2 min_serial (u64), 4 max_serial (u64), 8 not_after (u64)
//   u8 whether there are names (0 or 1), and then the list
//   u16 number of minimum serials, and of each, in the order of the names: a text, u64
//   list of revoked fingerprints
//   list of libraries, list of preloads, a text: the directory, as in NativeRules
//
// The digest finds accidents: a bit that flipped, half a write. It keeps no attacker out: whoever
// can write the executable can write the digest as well, and the code that compares it.
inline constexpr std::size_t kLaunchPayloadAt = 16;
inline constexpr std::size_t kLaunchDigestAt = kLaunchSectionSize - 32;
inline constexpr std::size_t kLaunchPayloadRoom = kLaunchDigestAt - kLaunchPayloadAt;

inline constexpr std::string_view kLaunchMagic = "SVFSKEY1";
inline constexpr unsigned char kLaunchFormat = 1;

// unpatched_launch_section returns what stands in a launcher as it is built: magic, format, and
// zeros. What a compiler sees of a constant it takes for granted, so a launcher has these bytes
// from an assembler, and reads them where no compiler sees through.
constexpr std::array<char, kLaunchSectionSize> unpatched_launch_section() noexcept {
  std::array<char, kLaunchSectionSize> out{};
  for (std::size_t i = 0; i < kLaunchMagic.size(); ++i) out[i] = kLaunchMagic[i];
  out[kLaunchMagic.size()] = static_cast<char>(kLaunchFormat);
  return out;
}

// is_unpatched_launch_section tells whether `section` is just that.
bool is_unpatched_launch_section(std::span<const std::byte> section) noexcept;

// encode_launch_rules returns the one section that states `rules`. Fails with `kUsage` for what no
// section can state: a policy that is not valid, that trusts no key, that is `legacy` or has a
// clock of its own, names of libraries with a directory, a directory that is not absolute,
// libraries that may be preloaded into what is hardened, and more than kLaunchPayloadRoom bytes of
// all this.
Result<std::string> encode_launch_rules(const LaunchRules& rules);

// decode_launch_rules reads a section, and refuses whatever encode_launch_rules would not have
// written. Fails with `kNoTrustedKey` for the section of a launcher that was never given a key,
// with `kBadRecord` for any other bytes, and for keys as `PublicKey::from_der` does.
Result<LaunchRules> decode_launch_rules(std::span<const std::byte> section);

}  // namespace signedvfs
