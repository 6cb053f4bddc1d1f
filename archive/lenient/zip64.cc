#include "archive/lenient/zip64.h"

#include <optional>
#include <vector>

#include "archive/base/byte_cursor.h"
#include "archive/zip/format.h"

namespace signedvfs {
namespace {

using Values = std::vector<std::uint64_t>;

// ends tells whether nothing is left but the number of the first volume.
bool ends(ByteCursor& cursor) {
  if (cursor.ok() && cursor.remaining() == sizeof(std::uint32_t)) return cursor.u32() == 0;
  return cursor.ok() && cursor.remaining() == 0;
}

std::optional<Values> read_needed(std::span<const std::byte> value, Values fields) {
  ByteCursor cursor(value);
  for (std::uint64_t& field : fields) {
    if (field == kZipSaturated32) field = cursor.u64();
  }
  return ends(cursor) ? std::optional(fields) : std::nullopt;
}

std::optional<Values> read_all(std::span<const std::byte> value, Values fields) {
  ByteCursor cursor(value);
  for (std::uint64_t& field : fields) {
    if (cursor.remaining() < sizeof(std::uint64_t)) {
      if (field == kZipSaturated32) return {};
      continue;
    }
    const std::uint64_t found = cursor.u64();
    if (field != kZipSaturated32 && field != found) return {};
    field = found;
  }
  return ends(cursor) ? std::optional(fields) : std::nullopt;
}

}  // namespace

bool resolve_zip64(std::span<const std::byte> value, std::initializer_list<std::uint64_t*> fields) {
  Values stated;
  for (const std::uint64_t* const field : fields) stated.push_back(*field);
  const std::optional<Values> needed = read_needed(value, stated);
  const std::optional<Values> all = read_all(value, stated);
  if ((!needed && !all) || (needed && all && *needed != *all)) return false;
  const Values& found = needed ? *needed : *all;
  std::size_t i = 0;
  for (std::uint64_t* const field : fields) *field = found[i++];
  return true;
}

}  // namespace signedvfs
