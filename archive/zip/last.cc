#include "archive/zip/last.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "archive/base/byte_cursor.h"
#include "archive/zip/directory.h"
#include "archive/zip/format.h"

namespace signedvfs {
namespace {

// The last record of a directory has to be found from its end, where there is nothing to go by but
// the record itself. Writers put a few dozen bytes of extra fields in it.
constexpr std::uint64_t kWindowBytes = 4096;

// record_at reads the record of the member `name` that goes from the beginning of `bytes` to their
// end. Nothing is returned where there is none.
std::optional<ZipRecord> record_at(std::span<const std::byte> bytes, std::string_view name) {
  ByteCursor cursor(bytes);
  ZipRecord record;
  if (!read_central_header(cursor, record).ok() || cursor.remaining() != 0) return {};
  if (record.name != name || record.is_directory) return {};
  return record;
}

// last_record looks for the shortest record of `name` at the end of `directory`.
std::optional<ZipRecord> last_record(std::span<const std::byte> directory, std::string_view name) {
  const std::size_t shortest = kZipCentralSize + name.size();
  for (std::size_t size = shortest; size <= directory.size(); ++size) {
    const auto bytes = directory.last(size);
    if (ByteCursor(bytes).u32() != kZipCentralSignature) continue;
    if (auto record = record_at(bytes, name)) return record;
  }
  return {};
}

// place gives `record` its place in the file: it must fill the space up to the directory.
bool place(ZipRecord& record, const ZipTail& tail) {
  constexpr std::uint64_t kLongestExtra = 0xffff;
  const std::uint64_t body = tail.directory - tail.base;
  const std::uint64_t least = kZipLocalSize + record.name.size();
  if (record.offset > body || body - record.offset < least ||
      body - record.offset - least < record.stored_size ||
      body - record.offset - least - record.stored_size > kLongestExtra) {
    return false;
  }
  record.header_size = static_cast<std::uint32_t>(body - record.offset - record.stored_size);
  record.offset += tail.base;
  return true;
}

Result<Buffer> content_of(const ByteSource& source, const ZipRecord& record) {
  SIGNEDVFS_ASSIGN(Buffer stored, copy_stored(source, record));
  Buffer content(static_cast<std::size_t>(record.size));
  SIGNEDVFS_TRY(
      unpack_into(record.method, std::as_const(stored).bytes(), record.crc32, content.bytes())
          .in(in_quotes(record.name)));
  return content;
}

// Found is a record, and the copy of the directory's end that its name is borrowed from.
struct Found {
  Buffer end;
  std::optional<ZipRecord> record;
};

Result<Found> find_last(const ByteSource& source, const ZipTail& tail, std::string_view name) {
  Found out{Buffer(static_cast<std::size_t>(std::min(tail.directory_size, kWindowBytes))), {}};
  const std::uint64_t begin = tail.directory + tail.directory_size - out.end.size();
  SIGNEDVFS_TRY(source.copy_out(begin, out.end.bytes()));
  out.record = last_record(std::as_const(out.end).bytes(), name);
  if (out.record && !place(*out.record, tail)) out.record.reset();
  return out;
}

}  // namespace

Result<bool> ends_with_member(const ByteSource& source, const ZipTail& tail,
                              std::string_view name) {
  SIGNEDVFS_ASSIGN(const Found found, find_last(source, tail, name));
  return found.record.has_value();
}

Result<std::optional<LastMember>> read_last_member(const ByteSource& source, const ZipTail& tail,
                                                   std::string_view name, std::uint64_t max_bytes) {
  SIGNEDVFS_ASSIGN(const Found found, find_last(source, tail, name));
  if (!found.record) return std::optional<LastMember>();
  const ZipRecord& record = *found.record;
  if (record.size > max_bytes || record.stored_size > max_bytes) {
    return too_large("manifest_bytes", max_bytes,
                     in_quotes(name) + ": " + std::to_string(record.size) + " bytes from " +
                         std::to_string(record.stored_size));
  }
  LastMember out;
  out.name = name;
  out.offset = record.offset;
  SIGNEDVFS_ASSIGN(out.content, content_of(source, record));
  return std::optional<LastMember>(std::move(out));
}

}  // namespace signedvfs
