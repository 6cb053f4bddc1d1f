// Which signed files may be a module, in the order in which Python would take them.
#pragma once

#include <cstdint>
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
};

// ModuleFiles is everything that is listed for one module's name.
struct ModuleFiles {
  std::optional<std::string> extension;  // an extension module, which comes before any `code`
  std::vector<ModuleFile> code;          // in order of preference; empty: nothing that holds code
  bool is_package = false;
  bool is_directory = false;  // nothing but files below it: a namespace portion

  bool empty() const noexcept { return code.empty() && !extension && !is_directory; }
};

// SearchOrder is the one difference between archives and directories that matters for imports.
enum class SearchOrder : std::uint8_t {
  kArchive,    // as zipimport: .pyc before .py
  kDirectory,  // as FileFinder: .py before .pyc
};

constexpr SearchOrder search_order(bool is_directory) noexcept {
  return is_directory ? SearchOrder::kDirectory : SearchOrder::kArchive;
}

// find_module looks for `stem` ("lib/pkg/mod") among the listed files, and nowhere else. A package
// comes before a module, and an extension module before Python code, as FileFinder has it;
// `extension_suffixes` are those of the running interpreter, and begin with
// a dot. Fails only where the listing does.
Result<ModuleFiles> find_module(const Listing& listing, const std::string& stem, SearchOrder order,
                                const std::vector<std::string>& extension_suffixes);

}  // namespace signedvfs
