// Times as zip archives have them.
#pragma once

#include <cstdint>
#include <optional>

namespace signedvfs {

// seconds_of_dos_time reads a local time of MS-DOS (APPNOTE 4.4.6; the date in the upper half) as
// zipimport does. The first moment that the format can express stands for no time: writers whose
// output is reproducible give it to every member.
std::optional<std::int64_t> seconds_of_dos_time(std::uint32_t time);

}  // namespace signedvfs
