#include "archive/elf/editing.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "archive/base/byte_cursor.h"
#include "archive/elf/bad_library.h"
#include "archive/elf/format.h"
#include "archive/elf/image.h"
#include "archive/elf/shared_object.h"

namespace signedvfs {
namespace {

bool is_search_path(std::uint64_t tag) { return tag == elf::kRpath || tag == elf::kRunpath; }

// without_search_paths returns `section` without these entries, and as long as it was. It has a
// DT_NULL, behind which nothing is touched.
std::vector<std::byte> without_search_paths(std::span<const std::byte> section) {
  std::vector<std::byte> out;
  std::size_t read = 0;
  for (;; read += elf::kDynamicSize) {
    const auto entry = section.subspan(read, elf::kDynamicSize);
    const std::uint64_t tag = ByteCursor(entry).u64();
    if (tag == elf::kNull) break;
    if (!is_search_path(tag)) out.insert(out.end(), entry.begin(), entry.end());
  }
  out.resize(read);
  out.insert(out.end(), section.begin() + static_cast<std::ptrdiff_t>(read), section.end());
  return out;
}

}  // namespace

Result<bool> remove_search_path(std::span<std::byte> file, Machine machine) {
  SIGNEDVFS_ASSIGN(SharedObject expected, read_shared_object(file, machine));
  SIGNEDVFS_ASSIGN(const elf::Image image, elf::Image::read(file, machine));
  const std::span<const std::byte> before = image.dynamic();
  const std::vector<std::byte> after = without_search_paths(before);
  if (std::ranges::equal(before, after)) return false;

  expected.search_paths.clear();
  expected.is_runpath = false;
  expected.may_search = false;
  const std::vector<std::byte> kept(before.begin(), before.end());
  const auto place = file.subspan(static_cast<std::size_t>(before.data() - file.data()));
  std::ranges::copy(after, place.begin());
  // A table that lies over the dynamic section would have changed with it.
  const Result<SharedObject> read = read_shared_object(file, machine);
  if (read.ok() && *read == expected) return true;
  std::ranges::copy(kept, place.begin());
  return bad_library(
      "its dynamic section is part of another table, so that no search path can be "
      "taken out of it");
}

}  // namespace signedvfs
