// What an archive may cost before anybody has vouched for it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace signedvfs {

// Limits bounds every allocation that is made from a number found in an archive. The defaults fit
// the largest wheels in common use; raise single fields where an application needs more.
struct Limits {
  std::uint64_t archive_bytes = std::uint64_t{16} << 30;  // the archive file, prefix included
  std::uint64_t member_bytes = std::uint64_t{1} << 30;    // one member, decoded
  std::uint64_t total_bytes = std::uint64_t{8} << 30;     // all members, decoded (zip: as declared)
  std::uint64_t directory_bytes = std::uint64_t{256} << 20;  // the zip central directory
  std::uint64_t manifest_bytes = std::uint64_t{256} << 20;   // the manifest, decoded
  std::uint64_t header_bytes = std::uint64_t{64} << 10;  // the manifest's signatures and attributes
  std::uint64_t members = 1'000'000;
  std::uint64_t ratio = 1100;  // decoded : stored; deflate cannot exceed 1032, zstd can
  std::size_t name_bytes = 1024;
  std::size_t signatures = 16;
};

}  // namespace signedvfs
