// The directory of a zip archive, read strictly: where there could be two opinions, there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "archive/buffer.h"
#include "archive/byte_source.h"
#include "archive/codec.h"
#include "archive/limits.h"
#include "archive/name_table.h"
#include "archive/status.h"

namespace signedvfs {

// ZipMember says where a member's stored bytes are and what they decode to.
struct ZipMember {
  std::string_view name;     // borrowed from the index
  std::uint64_t offset = 0;  // of the first stored byte in the file
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
  std::uint32_t time = 0;  // time and date as in MS-DOS (APPNOTE 4.4.6)
  Method method = Method::kStored;
};

// ZipIndex is the list of an archive's members. It exists only where every reader of zip archives
// must see the same members at the same places:
//
// - the end record ends the file, has no comment, and follows the central directory, which has
//   exactly the stated number of records in exactly the stated number of bytes;
// - the members' records lie one behind the other from the first to the central directory; whatever
//   precedes them is never looked at;
// - each local header says what the central directory says;
// - names keep the rules of names.h and name_conflicts.h;
// - nothing is encrypted, split, described afterwards, renamed by an extra field, or in zip64 form
//   without need; there are no comments, links, devices or set-id modes.
//
// Sizes keep within `Limits`. Immutable; may be used from any thread.
class ZipIndex {
 public:
  // read copies the directory into private memory and reads that copy, and every local header.
  static Result<ZipIndex> read(const ByteSource& source, const Limits& limits);

  ZipIndex(ZipIndex&&) noexcept = default;
  ZipIndex& operator=(ZipIndex&&) noexcept = default;

  // members returns all members except directory entries, in the order of the archive.
  const std::vector<ZipMember>& members() const& noexcept { return members_; }
  const std::vector<ZipMember>& members() && = delete;

  // find returns the member of exactly that name, or null.
  const ZipMember* find(std::string_view name) const& noexcept;
  const ZipMember* find(std::string_view name) && = delete;

  // begin returns the offset in the file at which the first record stands.
  std::uint64_t begin() const noexcept { return begin_; }

 private:
  ZipIndex(Buffer directory, std::vector<ZipMember> members, std::uint64_t begin);

  Buffer directory_;
  std::vector<ZipMember> members_;
  NameTable table_;
  std::uint64_t begin_ = 0;
};

}  // namespace signedvfs
