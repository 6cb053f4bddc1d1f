#include "importer/modules/lookup.h"

#include <algorithm>
#include <utility>

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

// cached_file returns where Python keeps the bytecode of the source `stem`.py.
std::string cached_file(std::string_view stem, std::string_view ending) {
  constexpr std::string_view kDirectory = "__pycache__/";
  const std::size_t leaf = stem.rfind('/') + 1;  // npos + 1 is the beginning
  std::string out;
  out.reserve(stem.size() + kDirectory.size() + ending.size());
  out.append(stem.substr(0, leaf)).append(kDirectory).append(stem.substr(leaf)).append(ending);
  return out;
}

Result<std::vector<ModuleFile>> code_files(const Listing& listing, const FilesOfStem& found,
                                           const std::string& stem, const SearchOrder& order) {
  std::vector<ModuleFile> files;
  if (found.source && !order.cached.empty()) {
    std::string cached = cached_file(stem, order.cached);
    SIGNEDVFS_ASSIGN(const bool is_listed, listing.contains(cached));
    if (is_listed) files.push_back({std::move(cached), true, stem + ".py"});
  }
  for (const bool bytecode : {order.bytecode_first, !order.bytecode_first}) {
    if (bytecode ? found.bytecode : found.source) {
      files.push_back({stem + (bytecode ? ".pyc" : ".py"), bytecode, {}});
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

Result<ModuleFiles> find_module(const Listing& listing, const std::string& stem,
                                const SearchOrder& order,
                                const std::vector<std::string>& extension_suffixes) {
  ModuleFiles out;
  SIGNEDVFS_ASSIGN(const FilesOfStem module, files_of_stem(listing, stem, extension_suffixes));
  // '/' is the byte after '.', so what lies below a directory follows the files of its name.
  const bool has_directory = !module.behind.at_end && PathKey(stem, "/").begins(module.behind.path);
  const auto take = [&](const FilesOfStem& found, const std::string& path) -> Result<bool> {
    out.extension = extension_file(found, path, extension_suffixes);
    SIGNEDVFS_ASSIGN(out.code, code_files(listing, found, path, order));
    return out.extension || !out.code.empty();
  };
  if (has_directory) {
    const std::string initial = stem + "/__init__";
    SIGNEDVFS_ASSIGN(const FilesOfStem package,
                     files_of_stem(listing, initial, extension_suffixes));
    SIGNEDVFS_ASSIGN(out.is_package, take(package, initial));
    if (out.is_package) return out;
  }
  SIGNEDVFS_ASSIGN(const bool is_module, take(module, stem));
  out.is_directory = !is_module && has_directory;
  return out;
}

}  // namespace signedvfs
