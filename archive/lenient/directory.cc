#include "archive/lenient/directory.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/lenient/tail.h"
#include "archive/members/name_conflicts.h"
#include "archive/members/names.h"
#include "archive/members/new_parents.h"
#include "archive/members/size_check.h"

namespace signedvfs {
namespace {

// read_records returns all records in the order of the central directory `bytes`.
Result<std::vector<LenientRecord>> read_records(std::span<const std::byte> bytes,
                                                std::uint64_t count, const Limits& limits) {
  std::vector<LenientRecord> records;
  records.reserve(static_cast<std::size_t>(count));
  ByteCursor cursor(bytes);
  SizeCheck sizes(limits);
  for (std::uint64_t i = 0; i < count; ++i) {
    LenientRecord& record = records.emplace_back();
    SIGNEDVFS_TRY(read_lenient_header(cursor, record));
    SIGNEDVFS_TRY(record.is_directory ? check_directory_name(record.name, limits)
                                      : check_member_name(record.name, limits));
    SIGNEDVFS_TRY(sizes.add(record.name, record.size, record.stored_size));
  }
  if (cursor.remaining() != 0) {
    return Status(Errc::kBadDirectory, std::to_string(cursor.remaining()) +
                                           " bytes follow the last record of the directory");
  }
  return records;
}

// place gives `records` their places in the file: in the order of their offsets they must fill the
// space up to the central directory. It returns where the first one stands.
Result<std::uint64_t> place(const ByteSource& source, const ZipTail& tail,
                            std::vector<LenientRecord>& records) {
  std::vector<LenientRecord*> in_place;
  in_place.reserve(records.size());
  for (LenientRecord& record : records) {
    if (record.offset > tail.directory - tail.base) {
      return Status(Errc::kNotTiled, in_quotes(record.name) + ": it lies behind the members");
    }
    record.offset += tail.base;
    in_place.push_back(&record);
  }
  std::sort(in_place.begin(), in_place.end(),
            [](const LenientRecord* a, const LenientRecord* b) { return a->offset < b->offset; });
  for (std::size_t i = 0; i < in_place.size(); ++i) {
    const std::uint64_t end = i + 1 < in_place.size() ? in_place[i + 1]->offset : tail.directory;
    SIGNEDVFS_TRY(check_lenient_place(source, end, *in_place[i]));
  }
  return in_place.empty() ? tail.directory : in_place.front()->offset;
}

// drop_older takes out of `records` all but the last of the members `rewritten`.
void drop_older(std::span<const std::string_view> rewritten, std::vector<LenientRecord>& records,
                Vanishing& vanishing, std::vector<std::string>& repeated) {
  for (const std::string_view name : rewritten) {
    const auto is_copy = [&](const LenientRecord& record) { return record.name == name; };
    auto copies = std::count_if(records.begin(), records.end(), is_copy);
    if (copies < 2) continue;
    repeated.emplace_back(name);
    std::erase_if(records, [&](const LenientRecord& record) {
      if (!is_copy(record) || --copies == 0) return false;
      vanishing.note(Oddity::kOlderCopy, name);
      return true;
    });
  }
}

// check_names requires that no two of `records` are one for anybody, and notes empty directories.
Status check_names(const std::vector<LenientRecord>& records, Vanishing& vanishing) {
  std::vector<std::string_view> files;
  std::vector<std::string_view> directories;
  std::set<std::string_view> used;
  NewParents parents;
  for (const LenientRecord& record : records) {
    if (record.is_directory) continue;
    files.emplace_back(record.name);
    for (const std::string_view directory : parents.of(record.name)) used.insert(directory);
  }
  for (const LenientRecord& record : records) {
    if (!record.is_directory) continue;
    const std::string_view name = record.name;
    directories.push_back(name.substr(0, name.size() - 1));
    if (used.count(directories.back()) == 0) vanishing.note(Oddity::kEmptyDirectory, name);
  }
  return check_name_conflicts(files, directories, EmptyDirectories::kAccepted);
}

}  // namespace

Result<LenientDirectory> read_lenient_directory(const ByteSource& source, const Limits& limits,
                                                std::span<const std::string_view> rewritten) {
  Vanishing vanishing;
  SIGNEDVFS_ASSIGN(const ZipTail tail, read_lenient_tail(source, limits, vanishing));
  Buffer directory(static_cast<std::size_t>(tail.directory_size));
  SIGNEDVFS_TRY(source.copy_out(tail.directory, directory.bytes()));
  SIGNEDVFS_ASSIGN(std::vector<LenientRecord> records,
                   read_records(std::as_const(directory).bytes(), tail.count, limits));
  LenientDirectory out;
  SIGNEDVFS_ASSIGN(out.begin, place(source, tail, records));
  drop_older(rewritten, records, vanishing, out.repeated);
  SIGNEDVFS_TRY(check_names(records, vanishing));
  for (LenientRecord& record : records) {
    note_oddities(record, vanishing);
    out.has_directories = out.has_directories || record.is_directory;
    record.raw_name = {};  // it borrows from `directory`
  }
  std::erase_if(records, [](const LenientRecord& record) { return record.is_directory; });
  std::sort(records.begin(), records.end(),
            [](const LenientRecord& a, const LenientRecord& b) { return a.name < b.name; });
  out.members = std::move(records);
  out.vanishing = vanishing.sentences();
  return out;
}

}  // namespace signedvfs
