// Times as manifests spell them: RFC 3339 in UTC, to the second, one spelling for each time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signedvfs {

// parse_utc returns the seconds since 1970-01-01T00:00:00Z that `text`, exactly of the form
// "2027-06-30T00:00:00Z", names in the Gregorian calendar. Leap seconds are refused.
std::optional<std::int64_t> parse_utc(std::string_view text) noexcept;

// format_utc returns the text that `parse_utc` reads as `seconds`. Times outside the years 0000 to
// 9999 have none and come out as the nearest time that has.
std::string format_utc(std::int64_t seconds);

}  // namespace signedvfs
