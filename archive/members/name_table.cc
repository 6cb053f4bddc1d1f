#include "archive/members/name_table.h"

// Compiled in: one shared object less to load at start-up.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>

#include "archive/os/process.h"

namespace signedvfs {
NameTable::NameTable(std::size_t count)
    : slots_(std::bit_ceil(count + count / 2 + 1)), mask_(slots_.size() - 1) {}

std::uint64_t NameTable::hash_of(std::string_view name) noexcept {
  // Without entropy the table still works; it only becomes possible to slow it down.
  static const std::uint64_t seed = random_seed();
  return XXH3_64bits_withSeed(name.data(), name.size(), seed);
}

}  // namespace signedvfs
