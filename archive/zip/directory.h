// The directory of a zip archive, read strictly: where there could be two opinions, there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/base/buffer.h"
#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/name_table.h"
#include "archive/zip/record.h"

namespace signedvfs {

// ZipDirectoryEntry is an entry for a directory: it has no content, and is no member. `offset` is
// where the archive says that it stands, counted from its own offset 0; `central`, the header in
// the central directory, is borrowed.
struct ZipDirectoryEntry {
  ZipRecord record;
  std::uint64_t offset = 0;
  std::span<const std::byte> central;
};

// ZipDirectory is the list of an archive's members. It exists only where every reader of zip
// archives must see the same members at the same places:
//
// - the end record ends the file, has no comment, and follows the central directory, which has
//   exactly the stated number of records in exactly the stated number of bytes;
// - the members' records lie one behind the other from the first to the central directory; whatever
//   precedes them is never looked at;
// - each local header says what the central directory says, which is checked together with the
//   bytes behind it, in the same copy (`copy_stored`), and for directory entries at once;
// - names keep the rules of names.h and name_conflicts.h;
// - nothing is encrypted, split, described afterwards, renamed by an extra field, or in zip64 form
//   without need; there are no comments, links, devices or set-id modes.
//
// Sizes keep within `Limits`. Immutable; may be used from any thread.
class ZipDirectory {
 public:
  // read copies the directory into private memory and reads that copy.
  static Result<ZipDirectory> read(const ByteSource& source, const Limits& limits);

  ZipDirectory(ZipDirectory&&) noexcept = default;
  ZipDirectory& operator=(ZipDirectory&&) noexcept = default;

  // members returns all members except directory entries, in the order of the archive.
  const std::vector<ZipRecord>& members() const& noexcept { return members_; }
  const std::vector<ZipRecord>& members() && = delete;

  // directories returns the directory entries, in the order of the archive.
  const std::vector<ZipDirectoryEntry>& directories() const& noexcept { return directories_; }
  const std::vector<ZipDirectoryEntry>& directories() && = delete;

  // find returns the member of exactly that name, or null.
  const ZipRecord* find(std::string_view name) const& noexcept;
  const ZipRecord* find(std::string_view name) && = delete;

  // begin returns the offset in the file at which the first record stands.
  std::uint64_t begin() const noexcept { return begin_; }

 private:
  ZipDirectory(Buffer directory, std::vector<ZipRecord> members,
               std::vector<ZipDirectoryEntry> directories, std::uint64_t begin);

  Buffer directory_;
  std::vector<ZipRecord> members_;
  std::vector<ZipDirectoryEntry> directories_;
  bool is_sorted_ = false;  // by name, as our own writer leaves them: then there is no table
  NameTable table_;
  std::uint64_t begin_ = 0;
};

// copy_stored copies `member`'s local header and stored bytes by one access, checks the header in
// that copy, and returns the stored bytes. `member` is a ZipDirectory's over `source`. Fails as
// `check_local_header` does, or with what the access fails with.
Result<Buffer> copy_stored(const ByteSource& source, const ZipRecord& member);

// check_local_header does the same without the stored bytes.
Status check_local_header(const ByteSource& source, const ZipRecord& member);

// check_directory_entry requires that both headers of `entry`, a ZipDirectory's over `source`, are
// to the last byte what ZipWriter writes: nothing can hide in them. Fails with `kBadRecord`, or
// with what the access fails with.
Status check_directory_entry(const ByteSource& source, const ZipDirectoryEntry& entry);

}  // namespace signedvfs
