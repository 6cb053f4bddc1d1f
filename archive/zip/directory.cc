#include "archive/zip/directory.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "archive/base/byte_cursor.h"
#include "archive/members/name_conflicts.h"
#include "archive/members/names.h"
#include "archive/members/size_check.h"
#include "archive/zip/format.h"
#include "archive/zip/tail.h"
#include "archive/zip/writer.h"

namespace signedvfs {
namespace {

// copy_out copies from the place of `member`'s record on, and names it where that fails.
Status copy_out(const ByteSource& source, const ZipRecord& member, Buffer& copy) {
  Status copied = source.copy_out(member.offset, copy.bytes());
  if (copied.ok()) return copied;
  return std::move(copied).in(in_quotes(member.name));
}

// read_directory returns all records, in the order of their places in the file. The central header
// of a directory goes to `central`, by the directory's name.
Result<std::vector<ZipRecord>> read_directory(
    std::span<const std::byte> bytes, std::uint64_t count, const Limits& limits,
    std::map<std::string_view, std::span<const std::byte>>& central) {
  std::vector<ZipRecord> records;
  records.reserve(static_cast<std::size_t>(count));
  ByteCursor cursor(bytes);
  SizeCheck sizes(limits);
  for (std::uint64_t i = 0; i < count; ++i) {
    ZipRecord& record = records.emplace_back();
    const auto rest = bytes.last(cursor.remaining());
    SIGNEDVFS_TRY(read_central_header(cursor, record));
    if (record.is_directory) central[record.name] = rest.first(rest.size() - cursor.remaining());
    SIGNEDVFS_TRY(record.is_directory ? check_directory_name(record.name, limits)
                                      : check_member_name(record.name, limits));
    SIGNEDVFS_TRY(sizes.add(record.name, record.size, record.stored_size));
  }
  if (cursor.remaining() != 0) {
    return Status(Errc::kBadDirectory, std::to_string(cursor.remaining()) +
                                           " bytes follow the last record of the directory");
  }
  const auto by_offset = [](const ZipRecord& a, const ZipRecord& b) { return a.offset < b.offset; };
  if (!std::is_sorted(records.begin(), records.end(), by_offset)) {
    std::sort(records.begin(), records.end(), by_offset);
  }
  return records;
}

Status check_names(const std::vector<ZipRecord>& records) {
  std::vector<std::string_view> files;
  std::vector<std::string_view> directories;
  files.reserve(records.size());
  for (const ZipRecord& record : records) {
    if (record.is_directory) {
      directories.push_back(record.name.substr(0, record.name.size() - 1));
    } else {
      files.push_back(record.name);
    }
  }
  return check_name_conflicts(files, directories);
}

// tile gives `records` their places in the file; they must fill the space up to the central
// directory. A header's size follows from where the next record begins: there is no other place for
// its end.
Status tile(std::vector<ZipRecord>& records, const ZipTail& tail) {
  constexpr std::uint64_t kLongestExtra = 0xffff;
  const std::uint64_t body_size = tail.directory - tail.base;
  for (std::size_t i = 0; i < records.size(); ++i) {
    ZipRecord& record = records[i];
    const std::uint64_t end = i + 1 < records.size() ? records[i + 1].offset : body_size;
    const std::uint64_t least = kZipLocalSize + record.name.size();
    if (end > body_size || end <= record.offset || end - record.offset < least ||
        end - record.offset - least < record.stored_size ||
        end - record.offset - least - record.stored_size > kLongestExtra) {
      return {Errc::kNotTiled, in_quotes(record.name) + ": its record does not end at offset " +
                                   std::to_string(end) + ", where the next one begins"};
    }
    record.header_size = static_cast<std::uint32_t>(end - record.offset - record.stored_size);
    record.offset += tail.base;
  }
  return {};
}

}  // namespace

Result<ZipDirectory> ZipDirectory::read(const ByteSource& source, const Limits& limits) {
  SIGNEDVFS_ASSIGN(const ZipTail tail, read_zip_tail(source, limits));
  Buffer directory(static_cast<std::size_t>(tail.directory_size));
  SIGNEDVFS_TRY(source.copy_out(tail.directory, directory.bytes()));
  std::map<std::string_view, std::span<const std::byte>> central;
  SIGNEDVFS_ASSIGN(std::vector<ZipRecord> records,
                   read_directory(directory.bytes(), tail.count, limits, central));
  SIGNEDVFS_TRY(check_names(records));
  SIGNEDVFS_TRY(tile(records, tail));
  std::vector<ZipDirectoryEntry> directories;
  directories.reserve(central.size());
  for (const ZipRecord& record : records) {
    if (!record.is_directory) continue;
    // Nobody will ever read these.
    SIGNEDVFS_TRY(check_local_header(source, record));
    directories.push_back({record, record.offset - tail.base, central[record.name]});
  }
  const std::uint64_t begin = records.empty() ? tail.directory : records.front().offset;
  std::erase_if(records, [](const ZipRecord& record) { return record.is_directory; });
  return ZipDirectory(std::move(directory), std::move(records), std::move(directories), begin);
}

ZipDirectory::ZipDirectory(Buffer directory, std::vector<ZipRecord> members,
                           std::vector<ZipDirectoryEntry> directories, std::uint64_t begin)
    : directory_(std::move(directory)),
      members_(std::move(members)),
      directories_(std::move(directories)),
      begin_(begin) {
  const auto by_name = [](const ZipRecord& a, const ZipRecord& b) { return a.name < b.name; };
  is_sorted_ = std::is_sorted(members_.begin(), members_.end(), by_name);
  if (is_sorted_) return;
  table_ = NameTable(members_.size());
  const auto name_at = [&](std::size_t i) { return members_[i].name; };
  for (std::uint32_t i = 0; i < members_.size(); ++i) table_.insert(name_at(i), i, name_at);
}

const ZipRecord* ZipDirectory::find(std::string_view name) const& noexcept {
  if (is_sorted_) {
    const auto at = std::lower_bound(
        members_.begin(), members_.end(), name,
        [](const ZipRecord& record, std::string_view wanted) { return record.name < wanted; });
    return at != members_.end() && at->name == name ? &*at : nullptr;
  }
  const auto index = table_.find(name, [&](std::size_t i) { return members_[i].name; });
  return index ? &members_[*index] : nullptr;
}

Result<Buffer> copy_stored(const ByteSource& source, const ZipRecord& member) {
  Buffer copy(static_cast<std::size_t>(member.header_size + member.stored_size));
  SIGNEDVFS_TRY(copy_out(source, member, copy));
  SIGNEDVFS_TRY(check_local_header(copy.bytes().first(member.header_size), member));
  copy.drop_front(member.header_size);
  return copy;
}

Status check_local_header(const ByteSource& source, const ZipRecord& member) {
  Buffer header(member.header_size);
  SIGNEDVFS_TRY(copy_out(source, member, header));
  return check_local_header(header.bytes(), member);
}

Status check_directory_entry(const ByteSource& source, const ZipDirectoryEntry& entry) {
  const ZipRecord& record = entry.record;
  Buffer local(record.header_size);
  SIGNEDVFS_TRY(copy_out(source, record, local));
  const DirectoryHeaders wanted =
      directory_headers(record.name.substr(0, record.name.size() - 1), entry.offset);
  if (text_of(std::as_const(local).bytes()) == wanted.local &&
      text_of(entry.central) == wanted.central) {
    return {};
  }
  return {Errc::kBadRecord,
          in_quotes(record.name) + ": a directory entry that differs from what signing writes"};
}

}  // namespace signedvfs
