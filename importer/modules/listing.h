// Which modules lie directly in one directory of a signed archive.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "vfs/manifest/listing.h"

namespace signedvfs {

// ListedModule is one module as pkgutil.iter_modules names it: by the last part of its name.
struct ListedModule {
  std::string name;
  bool is_package = false;
};

// list_modules returns the modules and regular packages directly below `prefix` ("" or ending in
// "/"), sorted by name, each once; a package hides a module of its name. `suffixes` are the endings
// of module files. Left out, as pkgutil leaves them out: `__init__`, namespace packages, and names
// with a dot.
Result<std::vector<ListedModule>> list_modules(const Listing& listing, const std::string& prefix,
                                               const std::vector<std::string>& suffixes);

}  // namespace signedvfs
