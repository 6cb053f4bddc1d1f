#include "importer/module_lookup.h"

#include <algorithm>

namespace signedvfs {
namespace {

// FilesOfStem is which of the files that may hold code have a certain name but for the ending.
struct FilesOfStem {
  bool source = false;
  bool bytecode = false;
  std::size_t extension = SIZE_MAX;  // the first of the extension suffixes that there is
  Listing::Place behind;             // the first path that is not one of "<stem>.*"
};

void note(std::string_view ending, const std::vector<std::string>& extensions, FilesOfStem& found) {
  if (ending == ".py") {
    found.source = true;
  } else if (ending == ".pyc") {
    found.bytecode = true;
  } else {
    const auto at = std::find(extensions.begin(), extensions.end(), ending);
    if (at == extensions.end()) return;
    found.extension = std::min(found.extension, static_cast<std::size_t>(at - extensions.begin()));
  }
}

// files_of_stem searches once: the paths "<stem>.*" stand side by side, and hardly ever are there
// more of them than those that count.
Result<FilesOfStem> files_of_stem(const Listing& listing, std::string_view stem,
                                  const std::vector<std::string>& extensions) {
  FilesOfStem found;
  const PathKey files(stem, ".");
  SIGNEDVFS_ASSIGN(found.behind, listing.first_not_before(files));
  while (!found.behind.at_end && files.begins(found.behind.path)) {
    note(found.behind.path.substr(stem.size()), extensions, found);
    SIGNEDVFS_ASSIGN(found.behind, listing.after(found.behind));
  }
  return found;
}

std::vector<ModuleFile> code_files(const FilesOfStem& found, const std::string& stem,
                                   SearchOrder order) {
  std::vector<ModuleFile> files;
  const bool bytecode_first = order == SearchOrder::kArchive;
  for (const bool bytecode : {bytecode_first, !bytecode_first}) {
    if (bytecode ? found.bytecode : found.source) {
      files.push_back({stem + (bytecode ? ".pyc" : ".py"), bytecode});
    }
  }
  return files;
}

std::optional<std::string> extension_file(const FilesOfStem& found, const std::string& stem,
                                          const std::vector<std::string>& extensions) {
  if (found.extension >= extensions.size()) return std::nullopt;
  return stem + extensions[found.extension];
}

}  // namespace

Result<ModuleFiles> find_module(const Listing& listing, const std::string& stem, SearchOrder order,
                                const std::vector<std::string>& extension_suffixes) {
  ModuleFiles out;
  SIGNEDVFS_ASSIGN(const FilesOfStem module, files_of_stem(listing, stem, extension_suffixes));
  // '/' is the byte after '.', so what lies below a directory follows the files of its name.
  const bool has_directory = !module.behind.at_end && PathKey(stem, "/").begins(module.behind.path);
  std::string initial;
  FilesOfStem package;
  if (has_directory) {
    initial = stem + "/__init__";
    SIGNEDVFS_ASSIGN(package, files_of_stem(listing, initial, extension_suffixes));
    out.code = code_files(package, initial, order);
    out.is_package = !out.code.empty();
    if (out.is_package) return out;
  }
  out.code = code_files(module, stem, order);
  if (!out.code.empty()) return out;
  if (has_directory) out.extension = extension_file(package, initial, extension_suffixes);
  if (!out.extension) out.extension = extension_file(module, stem, extension_suffixes);
  out.is_directory = has_directory && !out.extension;
  return out;
}

}  // namespace signedvfs
