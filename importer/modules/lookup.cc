#include "importer/modules/lookup.h"

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
  const auto take = [&](const FilesOfStem& found, const std::string& path) {
    out.extension = extension_file(found, path, extension_suffixes);
    out.code = code_files(found, path, order);
    return out.extension || !out.code.empty();
  };
  if (has_directory) {
    const std::string initial = stem + "/__init__";
    SIGNEDVFS_ASSIGN(const FilesOfStem package,
                     files_of_stem(listing, initial, extension_suffixes));
    out.is_package = take(package, initial);
    if (out.is_package) return out;
  }
  out.is_directory = !take(module, stem) && has_directory;
  return out;
}

}  // namespace signedvfs
