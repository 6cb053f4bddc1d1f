// Dotted names of modules.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace signedvfs {

// is_or_is_in tells whether `name` is the module `package`, or lies in it.
inline bool is_or_is_in(std::string_view name, std::string_view package) noexcept {
  return name.starts_with(package) &&
         (name.size() == package.size() || name[package.size()] == '.');
}

// is_among tells whether it is so for one of `packages`.
inline bool is_among(std::string_view name, const std::vector<std::string>& packages) noexcept {
  return std::any_of(packages.begin(), packages.end(),
                     [&](const std::string& package) { return is_or_is_in(name, package); });
}

}  // namespace signedvfs
