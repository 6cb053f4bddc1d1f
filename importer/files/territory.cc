#include "importer/files/territory.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "archive/os/file_status.h"
#include "importer/paths/text.h"
#include "importer/paths/walk.h"

namespace signedvfs {
namespace {

// starts_with_path tells whether `path` is `place` or goes on below it, and sets `rest` to what
// follows, without "/" in front. Empty components and "." count for nothing.
bool starts_with_path(std::string_view path, std::string_view place, std::string_view& rest) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (j < place.size()) {
    if (i >= path.size() || path[i] != place[j]) return false;
    const bool boundary = path[i] == '/';
    ++i;
    ++j;
    // Behind a "/" the path may have more of them, and "./".
    while (boundary && i < path.size()) {
      if (path[i] == '/') {
        ++i;
      } else if (path[i] == '.' && (i + 1 == path.size() || path[i + 1] == '/')) {
        i = std::min(i + 2, path.size());
      } else {
        break;
      }
    }
  }
  if (i < path.size() && path[i] != '/') return false;
  rest = path.substr(i);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  return true;
}

// rest_after returns the components of a walk that follow `place`, as they were spelled.
std::string rest_after(std::string_view path, const Place& place) {
  std::string_view rest = path.substr(std::min(place.length, path.size()));
  while (rest.starts_with('/')) rest.remove_prefix(1);
  return std::string(rest);
}

// is_on_the_way tells whether `path` is one of the places, or a directory above one.
bool is_on_the_way(const std::string& path, const std::vector<std::string>& places) {
  return std::any_of(places.begin(), places.end(),
                     [&](const std::string& place) { return is_at_or_below(place, path); });
}

// way_of asks the system what stands at `path`. A link that leads away from the places was turned
// since they were found out, and counts for none.
Territory::Way way_of(const std::string& path, const std::vector<std::string>& places) {
  int error = 0;
  std::string link = link_target(path, error);
  if (link.empty()) return {path, {}};
  const std::string from =
      link.starts_with('/') ? link : path.substr(0, path.rfind('/') + 1) + link;
  const std::vector<std::string> leads = places_of(from);
  const bool is_kept = std::any_of(leads.begin(), leads.end(), [&](const std::string& one) {
    return is_on_the_way(one, places);
  });
  return {path, is_kept ? std::move(link) : std::string()};
}

std::vector<Territory::Way> ways_to(const std::vector<std::string>& places) {
  std::vector<Territory::Way> ways;
  for (const std::string& place : places) {
    for (std::size_t end = 1; end != std::string::npos && end < place.size();) {
      end = std::min(place.find('/', end), place.size());
      const std::string path = place.substr(0, end++);
      const bool is_known = std::any_of(ways.begin(), ways.end(), [&](const Territory::Way& known) {
        return known.path == path;
      });
      if (!is_known) ways.push_back(way_of(path, places));
    }
  }
  return ways;
}

Mount::Facts facts_of(const std::string& absolute) {
  const FileStatus status = status_of(absolute);
  return {status.device, status.inode, status.owner, status.group, status.modified};
}

}  // namespace

Territory::Needle Territory::needle_of(std::string_view text) {
  // From what nearly every path has to what few have; what is missing here is rarer still.
  constexpr std::string_view kCommon = "/esatrinolpcdm.uyhbgvk-_fw0123456789xzjq";
  std::size_t rare = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (kCommon.find(text[i]) > kCommon.find(text[rare])) rare = i;
  }
  return {std::string(text), rare};
}

bool Territory::has(std::string_view path, const Needle& needle) noexcept {
  const std::string& text = needle.text;
  if (path.size() < text.size()) return false;
  const char* at = path.data() + needle.rare;
  const char* const end = path.data() + (path.size() - text.size()) + needle.rare + 1;
  while (at < end) {
    const std::size_t left = static_cast<std::size_t>(end - at);
    const auto* const found = static_cast<const char*>(std::memchr(at, text[needle.rare], left));
    if (found == nullptr) return false;
    if (std::memcmp(found - needle.rare, text.data(), text.size()) == 0) return true;
    at = found + 1;
  }
  return false;
}

void Territory::add(const std::string& absolute, const std::vector<std::string>& places,
                    bool is_directory, Mount::Opened opened) {
  auto shared = std::make_shared<const Mount::Opened>(std::move(opened));
  const Mount::Facts facts = facts_of(absolute);
  if (const auto known = mount_at(absolute, is_directory)) {
    known->replace(std::move(shared));
    return;
  }
  auto mount = std::make_shared<Mount>(absolute, is_directory, facts);
  mount->replace(std::move(shared));
  std::vector<std::string> all = places;
  if (std::find(all.begin(), all.end(), absolute) == all.end()) all.push_back(absolute);
  std::vector<Way> ways = ways_to(all);
  const ProcessLock lock;
  for (const std::string& path : all) {
    // An archive and the directory that has taken its place are the later one's.
    std::erase_if(places_, [&](const Place& known) { return known.path == path; });
    places_.push_back({path, mount});
  }
  std::sort(places_.begin(), places_.end(), [](const Place& one, const Place& other) {
    return one.path.size() > other.path.size();
  });
  mounts_.push_back(std::move(mount));
  publish(all, std::move(ways), is_directory);
}

std::vector<std::shared_ptr<Mount>> Territory::mounts() const {
  const ProcessLock lock;
  return mounts_;
}

std::shared_ptr<Mount> Territory::mount_at(const std::string& absolute, bool is_directory) const {
  const ProcessLock lock;
  for (const auto& mount : mounts_) {
    if (mount->absolute() == absolute && mount->is_directory() == is_directory) return mount;
  }
  return nullptr;
}

const Territory::Way* Territory::way_at(std::string_view path) const noexcept {
  const Table* const table = table_.load(std::memory_order_acquire);
  if (table == nullptr || (table->way_sizes >> std::min<std::size_t>(path.size(), 63) & 1) == 0) {
    return nullptr;
  }
  for (const Way* const way : table->ways) {
    if (way->path == path) return way;
  }
  return nullptr;
}

void Territory::publish(const std::vector<std::string>& places, std::vector<Way> ways,
                        bool is_directory) {
  const Table* const before = table_.load(std::memory_order_relaxed);
  auto table = before == nullptr ? std::make_unique<Table>() : std::make_unique<Table>(*before);
  for (const std::string& place : places) {
    const std::string_view name = last_component(place);
    const bool is_known = std::any_of(table->names.begin(), table->names.end(),
                                      [&](const Needle& known) { return known.text == name; });
    if (is_known) continue;
    table->shortest = std::min(table->shortest, name.size());
    table->names.push_back(needle_of(name));
  }
  for (Way& way : ways) {
    const bool is_known = std::any_of(ways_.begin(), ways_.end(),
                                      [&](const auto& known) { return known->path == way.path; });
    if (is_known) continue;
    ways_.push_back(std::make_unique<const Way>(std::move(way)));
    table->ways.push_back(ways_.back().get());
    table->way_sizes |= std::uint64_t{1} << std::min<std::size_t>(ways_.back()->path.size(), 63);
  }
  table->has_directories = table->has_directories || is_directory;
  const bool is_same = before != nullptr && before->names.size() == table->names.size() &&
                       before->ways.size() == table->ways.size() &&
                       before->has_directories == table->has_directories;
  if (is_same) return;
  table_.store(table.get(), std::memory_order_release);
  tables_.push_back(std::move(table));
}

bool Territory::is_elsewhere(std::string_view path) const noexcept {
  const Table* const table = table_.load(std::memory_order_acquire);
  if (table == nullptr) return true;
  if (table->has_directories) {
    // Below a signed directory the current one may lie, and others that /proc has links to.
    if (!path.starts_with('/')) return path.empty();
    for (const std::string_view links : {"/proc", "/dev"}) {
      if (path.find(links) != std::string_view::npos) return false;
    }
  }
  if (path.size() < table->shortest) return true;
  return std::none_of(table->names.begin(), table->names.end(),
                      [&](const Needle& name) { return has(path, name); });
}

std::optional<Territory::Found> Territory::find_by_text(std::string_view absolute) const {
  const ProcessLock lock;
  for (const Place& place : places_) {
    std::string_view rest;
    if (!starts_with_path(absolute, place.path, rest)) continue;
    return Found{place.mount, std::string(rest)};
  }
  return std::nullopt;
}

std::optional<Territory::Found> Territory::find(std::string_view path) const {
  if (path.empty() || is_empty()) return std::nullopt;
  std::string joined;
  if (!path.starts_with('/')) {
    // Without a current directory nothing relative exists for the kernel either.
    const Result<std::string> here = absolute_path(".");
    if (!here.ok()) return std::nullopt;
    joined = *here + '/';
    joined += path;
    path = joined;
  }
  if (auto found = find_by_text(path)) return found;
  return is_elsewhere(path) ? std::nullopt : find_through_links(path);
}

std::optional<Territory::Found> Territory::find_through_links(std::string_view path) const {
  std::string joined(path);
  if (!path.starts_with('/')) {
    const Result<std::string> here = absolute_path(".");
    if (!here.ok()) return std::nullopt;
    joined = *here + '/' + joined;
  }
  const PathWalk walk = walk_path(joined);
  const ProcessLock lock;
  const auto* best = static_cast<const signedvfs::Place*>(nullptr);
  std::shared_ptr<Mount> mount;
  for (const signedvfs::Place& gone : walk.places) {
    const auto known = std::find_if(places_.begin(), places_.end(),
                                    [&](const Place& place) { return place.path == gone.path; });
    if (known == places_.end() || (best != nullptr && gone.length <= best->length)) continue;
    best = &gone;
    mount = known->mount;
  }
  if (best == nullptr) return std::nullopt;
  return Found{std::move(mount), rest_after(joined, *best)};
}

}  // namespace signedvfs
