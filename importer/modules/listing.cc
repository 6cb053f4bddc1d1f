#include "importer/modules/listing.h"

#include <algorithm>
#include <map>
#include <optional>

namespace signedvfs {
namespace {

// module_name cuts the longest suffix that fits off a file's name (inspect.getmodulename).
std::optional<std::string_view> module_name(std::string_view file,
                                            const std::vector<std::string>& suffixes) {
  std::optional<std::string_view> shortest;
  for (const std::string& suffix : suffixes) {
    if (!file.ends_with(suffix)) continue;
    const std::string_view name = file.substr(0, file.size() - suffix.size());
    if (!shortest || name.size() < shortest->size()) shortest = name;
  }
  if (!shortest || shortest->empty() || shortest->find('.') != std::string_view::npos) {
    return std::nullopt;
  }
  return shortest;
}

Result<bool> is_package(const Listing& listing, const std::string& directory,
                        const std::vector<std::string>& suffixes) {
  const std::string initial = directory + "/__init__";
  const PathKey files(initial, ".");
  SIGNEDVFS_ASSIGN(Listing::Place place, listing.first_not_before(files));
  while (!place.at_end && files.begins(place.path)) {
    const std::string_view rest = place.path.substr(initial.size());
    if (std::find(suffixes.begin(), suffixes.end(), rest) != suffixes.end()) return true;
    SIGNEDVFS_ASSIGN(place, listing.after(place));
  }
  return false;
}

}  // namespace

Result<std::vector<ListedModule>> list_modules(const Listing& listing, const std::string& prefix,
                                               const std::vector<std::string>& suffixes) {
  std::map<std::string, bool> found;
  const std::string directory = prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1);
  SIGNEDVFS_ASSIGN(const std::vector<DirectoryItem> items, listing.list(directory));
  for (const DirectoryItem& item : items) {
    const std::string name(item.name);
    if (item.is_directory) {
      if (name.find('.') != std::string::npos) continue;
      SIGNEDVFS_ASSIGN(const bool package, is_package(listing, prefix + name, suffixes));
      if (package) found[name] = true;
    } else if (const auto module = module_name(item.name, suffixes); module != "__init__") {
      if (module) found.try_emplace(std::string(*module), false);
    }
  }
  std::vector<ListedModule> out;
  out.reserve(found.size());
  for (const auto& [name, package] : found) out.push_back({name, package});
  return out;
}

}  // namespace signedvfs
