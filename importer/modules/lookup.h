// Which signed files may be a module, in the order in which Python would take them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "vfs/manifest/listing.h"

namespace signedvfs {

// ModuleFile is one listed file that holds a module's code.
struct ModuleFile {
  std::string entry;
  bool is_bytecode = false;

  // source is the listed file that bytecode in `__pycache__` stands for; empty for all else.
  std::string source;

  // shown returns the file that Python's programs are told: bytecode in `__pycache__` is never it.
  const std::string& shown() const& noexcept { return source.empty() ? entry : source; }
};

// ModuleFiles is everything that is listed for one module's name.
struct ModuleFiles {
  std::optional<std::string> extension;  // an extension module, which comes before any `code`
  std::vector<ModuleFile> code;          // in order of preference; empty: nothing that holds code
  bool is_package = false;
  bool is_directory = false;  // nothing but files below it: a namespace portion

  bool empty() const noexcept { return code.empty() && !extension && !is_directory; }
};

// SearchOrder is the one difference between archives and directories that matters for imports. What
// it says by default is for archives, as zipimport has it.
struct SearchOrder {
  bool bytecode_first = true;  // .pyc before .py; FileFinder has it the other way round

  // cached is how this interpreter ends the names of its bytecode in `__pycache__`
  // (".cpython-311.pyc", PEP 3147 and 488). Where that is listed beside its listed source, it comes
  // before it. Empty: `__pycache__` is a directory like others.
  std::string cached;
};

// find_module looks for `stem` ("lib/pkg/mod") among the listed files, and nowhere else. A package
// comes before a module, and an extension module before Python code, as FileFinder has it;
// `extension_suffixes` are those of the running interpreter, and begin with
// a dot. Fails only where the listing does.
Result<ModuleFiles> find_module(const Listing& listing, const std::string& stem,
                                const SearchOrder& order,
                                const std::vector<std::string>& extension_suffixes);

}  // namespace signedvfs
