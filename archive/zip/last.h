// The last member of a zip archive, without reading the directory that leads to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archive/base/buffer.h"
#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/zip/tail.h"

namespace signedvfs {

// LastMember is the member that a zip archive ends with.
struct LastMember {
  std::string name;
  std::uint64_t offset = 0;  // of its local header in the file
  Buffer content;
};

// read_last_member returns the member `name` where it is the last in the directory of the zip
// archive `source` and the last in front of it; otherwise nothing. It reads the directory's last
// few kilobytes and that member, at most `max_bytes` of content, whatever else the archive holds:
// so what has been found is the archive's last member only where `open_zip_with` agrees. Fails as
// reading a member does, and with `kTooLarge`, of the field `manifest_bytes`.
Result<std::optional<LastMember>> read_last_member(const ByteSource& source, const ZipTail& tail,
                                                   std::string_view name, std::uint64_t max_bytes);

// ends_with_member tells whether `name` is the last member, without reading it.
Result<bool> ends_with_member(const ByteSource& source, const ZipTail& tail, std::string_view name);

}  // namespace signedvfs
