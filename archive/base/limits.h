// What an archive may cost before anybody has vouched for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "archive/base/status.h"

namespace signedvfs {

// Limits bounds every allocation that is made from a number found in an archive. The defaults fit
// the largest wheels in common use; raise single fields where an application needs more. A field
// that is 0 allows nothing, but for `ratio`, where 0 means that there is no such limit.
//
// Before a signature has been checked only the manifest is decoded, so `manifest_bytes` (and the
// few kilobytes around it) is what a stranger's file can cost.
struct Limits {
  std::uint64_t archive_bytes = std::uint64_t{16} << 30;     // the archive file, prefix included
  std::uint64_t member_bytes = std::uint64_t{256} << 20;     // one member, decoded
  std::uint64_t total_bytes = std::uint64_t{2} << 30;        // all members, decoded
  std::uint64_t directory_bytes = std::uint64_t{256} << 20;  // the zip central directory
  std::uint64_t manifest_bytes = std::uint64_t{64} << 20;    // the manifest, decoded
  std::uint64_t header_bytes = std::uint64_t{64} << 10;  // the manifest's signatures and attributes
  std::uint64_t members = 1'000'000;
  std::uint64_t ratio = 1100;  // decoded : stored; deflate cannot exceed 1032, zstd can
  std::size_t name_bytes = 1024;
  std::size_t signatures = 16;

  // without_ratio returns the limits for content that somebody has vouched for: it may be
  // compressed as well as it likes.
  Limits without_ratio() const noexcept {
    Limits out = *this;
    out.ratio = 0;
    return out;
  }
};

// too_large returns what fails where `what` (with names in quotes, for people) exceeds the field
// `field` of Limits, which is `allowed`.
Status too_large(std::string_view field, std::uint64_t allowed, const std::string& what);

}  // namespace signedvfs
