#include "archive/zip/dos_time.h"

#include <ctime>

namespace signedvfs {

std::optional<std::int64_t> seconds_of_dos_time(std::uint32_t time) {
  constexpr std::uint32_t kNoTime = 0x00210000;
  if (time == kNoTime) return {};
  const auto bits = [&](unsigned shift, unsigned count) {
    return static_cast<int>(time >> shift & ((1U << count) - 1U));
  };
  std::tm local{};
  local.tm_year = 80 + bits(25, 7);
  local.tm_mon = bits(21, 4) - 1;
  local.tm_mday = bits(16, 5);
  local.tm_hour = bits(11, 5);
  local.tm_min = bits(5, 6);
  local.tm_sec = 2 * bits(0, 5);
  local.tm_isdst = -1;
  return std::mktime(&local);
}

}  // namespace signedvfs
