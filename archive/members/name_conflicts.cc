#include "archive/members/name_conflicts.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "archive/members/name_table.h"
#include "archive/members/names.h"

namespace signedvfs {
namespace {

// is_folded tells whether folding leaves `name` as it is, for certain. Every name of every archive
// comes by here: arithmetic without branches becomes vector instructions.
bool is_folded(std::string_view name) noexcept {
  std::uint8_t other = 0;
  for (const char c : name) {
    const auto byte = static_cast<std::uint8_t>(c);
    other |= byte >= 0x80 || static_cast<std::uint8_t>(byte - 'A') < 26 ? 1 : 0;
  }
  return other == 0;
}

// FoldedNames keeps the folded form of names; nearly all of them are folded already and borrowed.
class FoldedNames {
 public:
  explicit FoldedNames(std::size_t count) { names_.reserve(count); }

  std::string_view add(std::string_view name) {
    return names_.emplace_back(is_folded(name) ? name : made_.emplace_back(fold_name(name)));
  }
  std::string_view operator[](std::size_t index) const { return names_[index]; }

 private:
  std::vector<std::string_view> names_;
  std::deque<std::string> made_;
};

std::string_view parent_of(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : name.substr(0, slash);
}

bool is_or_holds(std::string_view directory, std::string_view name) {
  return name.starts_with(directory) &&
         (name.size() == directory.size() || name[directory.size()] == '/');
}

// for_each_directory calls `visit` with the directories that hold the names `name_at(0..count)`, at
// least once each and hardly more often: names that follow each other mostly share their parents.
template <class NameAt, class Visit>
Status for_each_directory(std::size_t count, const NameAt& name_at, const Visit& visit) {
  std::string_view seen;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view parent = parent_of(name_at(i));
    for (std::string_view directory = parent; !directory.empty() && !is_or_holds(directory, seen);
         directory = parent_of(directory)) {
      SIGNEDVFS_TRY(visit(directory, i));
    }
    seen = parent;
  }
  return {};
}

// check_entries requires that every directory entry holds a file.
Status check_entries(std::span<const std::string_view> files,
                     std::span<const std::string_view> directories) {
  const auto entry_at = [&](std::uint32_t i) { return directories[i]; };
  NameTable entries(directories.size());
  for (std::uint32_t i = 0; i < directories.size(); ++i) entries.insert(entry_at(i), i, entry_at);
  std::vector<bool> holds_file(directories.size());
  SIGNEDVFS_TRY(for_each_directory(
      files.size(), [&](std::size_t i) { return files[i]; },
      [&](std::string_view directory, std::size_t) {
        if (const auto entry = entries.find(directory, entry_at)) holds_file[*entry] = true;
        return Status();
      }));
  const auto empty = std::find(holds_file.begin(), holds_file.end(), false);
  if (empty == holds_file.end()) return {};
  const std::string_view name = directories[static_cast<std::size_t>(empty - holds_file.begin())];
  return {Errc::kBadRecord, in_quotes(name) + ": a directory entry with no file below it"};
}

// are_plain tells whether the names need no table to be compared: each is folded already and sorts
// behind the one before it, so that no two are alike.
bool are_plain(std::span<const std::string_view> names) {
  const auto in_order = [](std::string_view a, std::string_view b) { return a >= b; };
  return std::all_of(names.begin(), names.end(), is_folded) &&
         std::adjacent_find(names.begin(), names.end(), in_order) == names.end();
}

Status file_and_directory(std::string_view file, std::string_view below) {
  return {Errc::kFileAndDirectory,
          in_quotes(file) + " is a file, and cannot be a directory for " + in_quotes(below)};
}

}  // namespace

Status check_name_conflicts(std::span<const std::string_view> files,
                            std::span<const std::string_view> directories, EmptyDirectories empty) {
  if (directories.empty() && are_plain(files)) {
    return for_each_directory(
        files.size(), [&](std::size_t i) { return files[i]; },
        [&](std::string_view directory, std::size_t i) -> Status {
          if (!std::binary_search(files.begin(), files.end(), directory)) return {};
          return file_and_directory(directory, files[i]);
        });
  }
  const std::size_t count = files.size() + directories.size();
  const auto name_at = [&](std::size_t i) {
    return i < files.size() ? files[i] : directories[i - files.size()];
  };
  FoldedNames folded(count);
  const auto folded_at = [&](std::size_t i) { return folded[i]; };
  NameTable table(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto other = table.insert(folded.add(name_at(i)), i, folded_at);
    if (!other) continue;
    const bool same_kind = (i < files.size()) == (*other < files.size());
    const std::string both = in_quotes(name_at(*other)) + " and " + in_quotes(name_at(i));
    if (same_kind) return {Errc::kDuplicateName, both + " have the same name, perhaps in disguise"};
    return {Errc::kFileAndDirectory, both + " are a file and a directory of one name"};
  }
  SIGNEDVFS_TRY(for_each_directory(count, folded_at,
                                   [&](std::string_view directory, std::size_t i) -> Status {
                                     const auto other = table.find(directory, folded_at);
                                     if (!other || *other >= files.size()) return {};
                                     return file_and_directory(files[*other], name_at(i));
                                   }));
  if (directories.empty() || empty == EmptyDirectories::kAccepted) return {};
  return check_entries(files, directories);
}

}  // namespace signedvfs
