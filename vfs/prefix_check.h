// Whether the bytes in front of an archive are what was signed. Private to vfs/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "archive/base/status.h"
#include "vfs/manifest/manifest.h"

namespace signedvfs {

// ReadPrefix passes the bytes in front of an archive to `sink` in order, in pieces.
using ReadPrefix =
    std::function<Status(const std::function<Status(std::span<const std::byte>)>& sink)>;

// check_prefix_length requires of an archive that was signed with bytes in front that there are
// `found`, their number. Where none were signed, whatever stands there is never read, and no
// obstacle to reading members. Fails with `kPrefixMismatch`, as all of these do.
Status check_prefix_length(std::uint64_t found, const std::optional<Prefix>& prefix);

// check_prefix_is_signed also requires that there are none where none were signed: they may be a
// program.
Status check_prefix_is_signed(std::uint64_t found, const std::optional<Prefix>& prefix);

// check_prefix accounts for every byte in front of an archive, of which there are `found`.
Status check_prefix(std::uint64_t found, const std::optional<Prefix>& prefix,
                    const ReadPrefix& read);

}  // namespace signedvfs
