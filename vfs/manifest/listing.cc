#include "vfs/manifest/listing.h"

#include <algorithm>

namespace signedvfs {

int PathKey::compare(std::string_view path) const noexcept {
  const int order = path.substr(0, front.size()).compare(front);
  if (order != 0) return order;
  return path.substr(front.size()).compare(back);
}

bool PathKey::begins(std::string_view path) const noexcept {
  return path.starts_with(front) && path.substr(front.size()).starts_with(back);
}

Result<bool> Listing::contains(std::string_view path) const {
  SIGNEDVFS_ASSIGN(const Place place, first_not_before(path));
  return !place.at_end && place.path == path;
}

Result<bool> Listing::has_directory(std::string_view path) const {
  if (path.empty()) return true;
  const PathKey below(path, "/");
  SIGNEDVFS_ASSIGN(const Place place, first_not_before(below));
  return !place.at_end && below.begins(place.path);
}

Result<std::vector<DirectoryItem>> Listing::list(std::string_view path) const {
  constexpr std::string_view kAfterSeparator = "0";  // the byte after '/'
  const PathKey below(path, path.empty() ? "" : "/");
  const std::size_t begin = path.size() + below.back.size();
  std::vector<DirectoryItem> out;
  SIGNEDVFS_ASSIGN(Place place, first_not_before(below));
  while (!place.at_end && below.begins(place.path)) {
    const std::string_view whole = place.path;
    const std::size_t slash = whole.find('/', begin);
    const bool is_directory = slash != std::string_view::npos;
    out.push_back({whole.substr(begin, is_directory ? slash - begin : slash), is_directory});
    if (is_directory) {
      SIGNEDVFS_ASSIGN(place, first_not_before({whole.substr(0, slash), kAfterSeparator}));
    } else {
      SIGNEDVFS_ASSIGN(place, after(place));
    }
  }
  return out;
}

Result<std::vector<std::string_view>> Listing::paths() const {
  std::vector<std::string_view> out;
  SIGNEDVFS_ASSIGN(Place place, first_not_before(std::string_view()));
  while (!place.at_end) {
    out.push_back(place.path);
    SIGNEDVFS_ASSIGN(place, after(place));
  }
  return out;
}

ManifestListing::ManifestListing(const Manifest& manifest, std::string_view root) noexcept
    : root_bytes_(root.size()) {
  const std::span<const Entry> all = manifest.entries();
  const auto begin = std::lower_bound(
      all.begin(), all.end(), root,
      [](const Entry& entry, std::string_view wanted) { return entry.path() < wanted; });
  const auto end = std::partition_point(
      begin, all.end(), [&](const Entry& entry) { return entry.path().starts_with(root); });
  entries_ = all.subspan(static_cast<std::size_t>(begin - all.begin()),
                         static_cast<std::size_t>(end - begin));
}

std::size_t ManifestListing::position(const PathKey& key) const noexcept {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), key,
                                      [&](const Entry& entry, const PathKey& wanted) {
                                        return wanted.compare(path_of(entry)) < 0;
                                      });
  return static_cast<std::size_t>(found - entries_.begin());
}

const Entry* ManifestListing::find(std::string_view path) const noexcept {
  const std::size_t i = position(path);
  return i < entries_.size() && path_of(entries_[i]) == path ? &entries_[i] : nullptr;
}

Result<Listing::Place> ManifestListing::first_not_before(const PathKey& key) const {
  return at(position(key));
}

Result<Listing::Place> ManifestListing::after(const Place& place) const {
  return at(std::size_t{place.slot} + 1);
}

Listing::Place ManifestListing::at(std::size_t index) const noexcept {
  if (index >= entries_.size()) return {};
  return {false, path_of(entries_[index]), nullptr, static_cast<std::uint32_t>(index)};
}

}  // namespace signedvfs
