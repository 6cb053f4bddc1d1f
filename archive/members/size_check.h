// The one place where the sizes of members are held to the limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "archive/base/limits.h"
#include "archive/base/status.h"

namespace signedvfs {

// SizeCheck adds up the members of one archive. Where members are not stored one by one, as in a
// compressed tar, `ratio` is a matter of the whole file: `check_ratio`.
class SizeCheck {
 public:
  explicit SizeCheck(const Limits& limits) noexcept : limits_(limits) {}

  // add counts the member `name` of `size` decoded bytes, which are `stored_size` in the file.
  // Fails with `kTooLarge`, about that member; it is then not counted.
  Status add(std::string_view name, std::uint64_t size,
             std::optional<std::uint64_t> stored_size = {});

  // total returns the decoded bytes of all members so far.
  std::uint64_t total() const noexcept { return total_; }

 private:
  Limits limits_;
  std::uint64_t total_ = 0;
};

// keeps_ratio tells whether `size` bytes out of `stored_size` are allowed; a `ratio` of 0 allows
// any.
bool keeps_ratio(std::uint64_t size, std::uint64_t stored_size, std::uint64_t ratio) noexcept;

}  // namespace signedvfs
