#include "archive/zip_index.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "archive/byte_cursor.h"
#include "archive/name_conflicts.h"
#include "archive/names.h"
#include "archive/zip_format.h"
#include "archive/zip_record.h"
#include "archive/zip_tail.h"

namespace signedvfs {
namespace {

// Place is where a record is in the file, and its header's size.
struct Place {
  std::uint64_t begin = 0;
  std::uint64_t header_size = 0;
};

Status check_sizes(const ZipRecord& record, const Limits& limits, std::uint64_t& total) {
  const auto too_large = [&](const std::string& what) {
    return Status(Errc::kTooLarge, in_quotes(record.name) + ": " + std::to_string(record.size) +
                                       " bytes from " + std::to_string(record.stored_size) + "; " +
                                       what);
  };
  if (record.size > limits.member_bytes) {
    return too_large("the limit member_bytes is " + std::to_string(limits.member_bytes));
  }
  if (record.size / std::max<std::uint64_t>(limits.ratio, 1) > record.stored_size) {
    return too_large("the limit ratio is " + std::to_string(limits.ratio));
  }
  if (record.size > limits.total_bytes - total) {
    return too_large("with those before it more than the limit total_bytes, " +
                     std::to_string(limits.total_bytes));
  }
  total += record.size;
  return {};
}

// read_directory returns all records, in the order of their places in the file.
Result<std::vector<ZipRecord>> read_directory(std::span<const std::byte> bytes, std::uint64_t count,
                                              const Limits& limits) {
  std::vector<ZipRecord> records;
  records.reserve(static_cast<std::size_t>(count));
  ByteCursor cursor(bytes);
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    SIGNEDVFS_ASSIGN(const ZipRecord record, read_central_header(cursor));
    SIGNEDVFS_TRY(record.is_directory ? check_directory_name(record.name, limits)
                                      : check_member_name(record.name, limits));
    SIGNEDVFS_TRY(check_sizes(record, limits, total));
    records.push_back(record);
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

// tile returns the places of `records`, which must fill the space up to the central directory. A
// header's size follows from where the next record begins: there is no other place for its end.
Result<std::vector<Place>> tile(const std::vector<ZipRecord>& records, const ZipTail& tail) {
  constexpr std::uint64_t kLongestExtra = 0xffff;
  const std::uint64_t body_size = tail.directory - tail.base;
  std::vector<Place> places;
  places.reserve(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const ZipRecord& record = records[i];
    const std::uint64_t end = i + 1 < records.size() ? records[i + 1].offset : body_size;
    const std::uint64_t least = kZipLocalSize + record.name.size();
    if (end > body_size || end <= record.offset || end - record.offset < least ||
        end - record.offset - least < record.stored_size ||
        end - record.offset - least - record.stored_size > kLongestExtra) {
      return Status(Errc::kNotTiled, in_quotes(record.name) +
                                         ": its record does not end at offset " +
                                         std::to_string(end) + ", where the next one begins");
    }
    places.push_back({tail.base + record.offset, end - record.offset - record.stored_size});
  }
  return places;
}

// check_local_headers copies headers that are near each other in one piece, others one by one.
Status check_local_headers(const ByteSource& source, const std::vector<ZipRecord>& records,
                           const std::vector<Place>& places) {
  constexpr std::uint64_t kNear = 8192;  // copying so much costs about as much as another call
  constexpr std::uint64_t kWindow = std::uint64_t{256} * 1024;
  Buffer window;
  for (std::size_t i = 0; i < records.size();) {
    const std::uint64_t begin = places[i].begin;
    std::uint64_t end = begin + places[i].header_size;
    std::size_t next = i + 1;
    for (; next < records.size(); ++next) {
      const std::uint64_t next_end = places[next].begin + places[next].header_size;
      if (places[next].begin - end > kNear || next_end - begin > kWindow) break;
      end = next_end;
    }
    const auto size = static_cast<std::size_t>(end - begin);
    if (window.size() < size) window = Buffer(std::max<std::size_t>(size, kWindow));
    SIGNEDVFS_TRY(source.copy_out(begin, window.bytes().first(size)));
    for (; i < next; ++i) {
      const auto header = window.bytes().subspan(static_cast<std::size_t>(places[i].begin - begin),
                                                 static_cast<std::size_t>(places[i].header_size));
      SIGNEDVFS_TRY(check_local_header(header, records[i]));
    }
  }
  return {};
}

}  // namespace

Result<ZipIndex> ZipIndex::read(const ByteSource& source, const Limits& limits) {
  SIGNEDVFS_ASSIGN(const ZipTail tail, read_zip_tail(source, limits));
  Buffer directory(static_cast<std::size_t>(tail.directory_size));
  SIGNEDVFS_TRY(source.copy_out(tail.directory, directory.bytes()));
  SIGNEDVFS_ASSIGN(const std::vector<ZipRecord> records,
                   read_directory(directory.bytes(), tail.count, limits));
  SIGNEDVFS_TRY(check_names(records));
  SIGNEDVFS_ASSIGN(const std::vector<Place> places, tile(records, tail));
  SIGNEDVFS_TRY(check_local_headers(source, records, places));

  std::vector<ZipMember> members;
  members.reserve(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const ZipRecord& record = records[i];
    if (record.is_directory) continue;
    members.push_back({record.name, places[i].begin + places[i].header_size, record.stored_size,
                       record.size, record.crc32, record.time, record.method});
  }
  const std::uint64_t begin = places.empty() ? tail.directory : places.front().begin;
  return ZipIndex(std::move(directory), std::move(members), begin);
}

ZipIndex::ZipIndex(Buffer directory, std::vector<ZipMember> members, std::uint64_t begin)
    : directory_(std::move(directory)),
      members_(std::move(members)),
      table_(members_.size()),
      begin_(begin) {
  const auto name_at = [&](std::size_t i) { return members_[i].name; };
  for (std::uint32_t i = 0; i < members_.size(); ++i) table_.insert(name_at(i), i, name_at);
}

const ZipMember* ZipIndex::find(std::string_view name) const& noexcept {
  const auto index = table_.find(name, [&](std::size_t i) { return members_[i].name; });
  return index ? &members_[*index] : nullptr;
}

}  // namespace signedvfs
