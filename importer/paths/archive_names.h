// The one table of names that archives have.
#pragma once

#include <string_view>

namespace signedvfs {

// named_like_archive tells whether `component`, one component of a path, ends in any case as
// archives are named: ".zip", ".tar.gz", ... Whatever stands at such a name is an archive's place.
bool named_like_archive(std::string_view component) noexcept;

// has_archive_name tells whether any component of `path` is named so.
bool has_archive_name(std::string_view path) noexcept;

// product_of returns how a program would import what the archive `component` is named after: what
// stands in front of the first of ".", "-" and "+" ("shop" of "shop-1.2.zip").
std::string_view product_of(std::string_view component) noexcept;

}  // namespace signedvfs
