// What a zip64 extra field says, where it may say more than it needs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace signedvfs {

// resolve_zip64 gives those of `fields` their values that are saturated in their headers (APPNOTE
// 4.5.3). `value` may have the values of saturated fields only, as it should, or those of all
// fields up to some one, in agreement with the headers; a volume's number behind them must be 0.
// Where it is neither, or is both and the two differ, false is returned, and nothing has changed.
bool resolve_zip64(std::span<const std::byte> value, std::initializer_list<std::uint64_t*> fields);

}  // namespace signedvfs
