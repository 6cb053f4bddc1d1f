// How much a signed listing can account for. Private to vfs/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "vfs/manifest/manifest.h"

namespace signedvfs {

// most_directories returns a bound on the directories that files of `manifest` lie in, and so on
// the entries that an archive may have for them.
inline std::uint64_t most_directories(const Manifest& manifest) {
  std::uint64_t out = 0;
  for (const Entry& entry : manifest.entries()) {
    const std::string_view path = entry.path();
    out += static_cast<std::uint64_t>(std::count(path.begin(), path.end(), '/'));
  }
  return out;
}

// kNamedStrangers is how many entries more than were signed an archive may have before nobody looks
// any more for which they are: to name the one that somebody added is worth a few records, and not
// a million of them.
inline constexpr std::uint64_t kNamedStrangers = 256;

}  // namespace signedvfs
