// Names in the code page that zip archives have by default.
#pragma once

#include <string>
#include <string_view>

namespace signedvfs {

// utf8_of_cp437 returns a name in IBM code page 437, which is what a header without the UTF-8 flag
// has (APPNOTE appendix D.1), as UTF-8. Bytes below 0x80 stay what they are. Every name has exactly
// one result, whatever its writer meant.
std::string utf8_of_cp437(std::string_view name);

}  // namespace signedvfs
