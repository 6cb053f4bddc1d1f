// The order in which a program was seen to read its members: text in a member of the archive.
//
// One path a line, each line ending in LF, at least one, each path once, members only. The signed
// header names the text by `@order`. Members stand in the archive in that order, and whoever
// imports may read them ahead in it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"

namespace signedvfs {

// kOrderName is that member's path, in every archive and directory that has one.
inline constexpr std::string_view kOrderName = "signedvfs-order.txt";

// order_lines cuts `text` into paths. Fails with `kBadManifest` where it is not made of lines.
Result<std::vector<std::string>> order_lines(std::string_view text);

// check_order fails with `kBadManifest` where a path is repeated, or where `is_member` does not
// know it.
Status check_order(const std::vector<std::string>& paths,
                   const std::function<bool(std::string_view)>& is_member);

}  // namespace signedvfs
