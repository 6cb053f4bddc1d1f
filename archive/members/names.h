// Which member names there may be, and when two of them are the same in disguise.
#pragma once

#include <string>
#include <string_view>

#include "archive/base/limits.h"
#include "archive/base/status.h"

namespace signedvfs {

// check_member_name accepts names that mean the same file to every reader on every system: strict
// UTF-8 in NFC without control, format, private, unassigned or separator code points; components
// divided by single '/', none of them empty, "." or ".." or ending in a dot or space; no '\\' and
// no ':'; at most `limits.name_bytes` bytes. The same holds for what compatibility folding makes of
// it, so that no full-width '/' hides. Fails with `kBadName`.
Status check_member_name(std::string_view name, const Limits& limits);

// check_directory_name accepts a member name followed by exactly one '/'.
Status check_directory_name(std::string_view name, const Limits& limits);

// fold_name returns the NFKC_Casefold form of `name` (UTF-8; Unicode standard, section 3.13): names
// that fold alike may be one file on systems that ignore case or normalise. Bytes that are no UTF-8
// are returned unchanged.
std::string fold_name(std::string_view name);

// is_ascii tells whether every byte of `text` is below 0x80.
bool is_ascii(std::string_view text) noexcept;

}  // namespace signedvfs
