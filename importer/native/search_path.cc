#include "importer/native/search_path.h"

#include <algorithm>
#include <array>

namespace signedvfs {
namespace {

// below_origin returns what follows $ORIGIN in an entry, "" or beginning with "/"; nothing where it
// does not begin with it.
std::optional<std::string_view> below_origin(std::string_view entry) {
  for (const std::string_view origin : {"$ORIGIN", "${ORIGIN}"}) {
    if (!entry.starts_with(origin)) continue;
    entry.remove_prefix(origin.size());
    const bool ends_there = entry.empty() || entry.front() == '/';
    if (!ends_there || entry.find('$') != std::string_view::npos) return std::nullopt;
    return entry;
  }
  return std::nullopt;
}

// directory_of returns "a/" for "a/b".
std::string_view directory_of(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

// resolve follows `steps` ("/../x") from the directory `from` ("" or ending in "/"); nothing where
// they leave the archive.
std::optional<std::string> resolve(std::string_view from, std::string_view steps) {
  std::string out(from);
  while (!steps.empty()) {
    steps.remove_prefix(1);
    const std::size_t end = std::min(steps.find('/'), steps.size());
    const std::string_view step = steps.substr(0, end);
    steps.remove_prefix(end);
    if (step.empty() || step == ".") continue;
    if (step != "..") {
      out.append(step).append("/");
      continue;
    }
    if (out.empty()) return std::nullopt;
    out.pop_back();
    out.resize(out.rfind('/') + 1);
  }
  return out;
}

std::optional<std::string> bundled_directory(std::string_view search_path, std::string_view entry) {
  const auto steps = below_origin(search_path);
  return steps ? resolve(directory_of(entry), *steps) : std::nullopt;
}

// is_of_system tells whether a directory is one that the linker of every system searches: what lies
// there is root's. Debian has one more below, of the machine: /usr/lib/x86_64-linux-gnu.
bool is_of_system(std::string_view directory) {
  if (directory.ends_with('/')) directory.remove_suffix(1);
  const std::string_view last = directory.substr(directory.rfind('/') + 1);
  if (last.ends_with("-linux-gnu")) directory.remove_suffix(last.size() + 1);
  constexpr std::array<std::string_view, 4> kDirectories{"/usr/lib64", "/usr/lib", "/lib64",
                                                         "/lib"};
  return std::find(kDirectories.begin(), kDirectories.end(), directory) != kDirectories.end();
}

}  // namespace

std::vector<std::string> bundled_directories(const SharedObject& object, std::string_view entry) {
  std::vector<std::string> out;
  for (const std::string& search_path : object.search_paths) {
    auto directory = bundled_directory(search_path, entry);
    if (directory) out.push_back(*std::move(directory));
  }
  return out;
}

std::optional<std::string> directory_named(std::string_view search_path, std::string_view origin) {
  const auto steps = below_origin(search_path);
  std::string out(steps ? origin : std::string_view());
  std::string_view rest = steps.value_or(search_path);
  if (search_path.find('$') != std::string_view::npos && !steps) return std::nullopt;
  if (steps ? !origin.starts_with('/') : !search_path.starts_with('/')) return std::nullopt;
  while (out.ends_with('/')) out.pop_back();
  bool may_go_up = true;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view step = rest.substr(0, end);
    rest.remove_prefix(end);
    if (step.empty() || step == ".") continue;
    if (step == "..") {
      if (!may_go_up || out.empty()) return std::nullopt;
      out.resize(out.rfind('/'));
    } else {
      may_go_up = false;
      out.append("/").append(step);
    }
  }
  if (out.empty()) return std::nullopt;  // the root itself: nobody means that
  return out;
}

std::vector<std::string> foreign_search_paths(const SharedObject& object, std::string_view entry,
                                              const Surroundings& around) {
  std::vector<std::string> out;
  if (!object.may_search) return out;
  const std::string origin =
      around.place.empty() ? std::string()
                           : std::string(around.place).append("/").append(directory_of(entry));
  const auto is_of_program = [&](std::string_view search_path) {
    const auto directory = directory_named(search_path, origin);
    return directory && std::find(around.directories.begin(), around.directories.end(),
                                  *directory) != around.directories.end();
  };
  for (const std::string& search_path : object.search_paths) {
    if (!bundled_directory(search_path, entry) && !is_of_system(search_path) &&
        !is_of_program(search_path)) {
      out.push_back(search_path);
    }
  }
  return out;
}

std::vector<std::string> places_at_origin(const SharedObject& object, std::string_view directory) {
  std::vector<std::string> out;
  if (!object.may_search) return out;
  for (const std::string& search_path : object.search_paths) {
    const auto steps = below_origin(search_path);
    if (steps) out.push_back(std::string(directory).append(*steps));
  }
  return out;
}

Result<std::optional<std::string>> find_bundled(const Listing& listing, std::string_view entry,
                                                const std::vector<std::string>& directories,
                                                std::string_view name) {
  using Found = std::optional<std::string>;
  if (name.find_first_of("/$") != std::string_view::npos) return Found();
  const auto in = [&](std::string directory) -> Result<Found> {
    directory += name;
    SIGNEDVFS_ASSIGN(const bool is_there, listing.contains(directory));
    return is_there ? Found(std::move(directory)) : Found();
  };
  for (const std::string& directory : directories) {
    SIGNEDVFS_ASSIGN(Found found, in(directory));
    if (found) return found;
  }
  SIGNEDVFS_ASSIGN(Found only, in(std::string(directory_of(entry))));
  if (only) return only;
  SIGNEDVFS_ASSIGN(const std::vector<DirectoryItem> top, listing.list(""));
  for (const DirectoryItem& item : top) {
    if (!item.name.ends_with(".libs")) continue;
    SIGNEDVFS_ASSIGN(Found found, in(std::string(item.name) + '/'));
    if (!found) continue;
    if (only) return Found();
    only = std::move(found);
  }
  return only;
}

Result<std::vector<std::string>> bundled_members(const Listing& listing, std::string_view entry,
                                                 const SharedObject& object) {
  const std::vector<std::string> directories = bundled_directories(object, entry);
  std::vector<std::string> out;
  for (const std::string& name : object.needed) {
    SIGNEDVFS_ASSIGN(auto member, find_bundled(listing, entry, directories, name));
    if (member) out.push_back(*std::move(member));
  }
  return out;
}

}  // namespace signedvfs
