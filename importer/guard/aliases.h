// Modules that are imported under other names than their own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "importer/python/object.h"

namespace signedvfs {

// Aliases maps dotted names to dotted names, each with all that is below it. Immutable.
class Aliases {
 public:
  // create reads a mapping of str to str; null or None: there are none. An alias that leads back to
  // itself, or to something below itself, is `kUsage`.
  static Result<Aliases> create(PyObject* mapping);

  // canonical returns what the module `name` is called, or nothing where that is its own name.
  std::optional<std::string> canonical(std::string_view name) const;

  const std::map<std::string, std::string, std::less<>>& all() const& noexcept { return names_; }

 private:
  std::optional<std::string> step(std::string_view name) const;

  std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace signedvfs
