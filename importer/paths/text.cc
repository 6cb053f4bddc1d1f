#include "importer/paths/text.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "importer/paths/walk.h"

namespace signedvfs {

Result<std::string> absolute_path(std::string_view path) {
  std::string full;
  if (path.empty() || path.front() != '/') {
    std::error_code error;
    full = std::filesystem::current_path(error).native();
    if (error) return Status(Errc::kIo, "the current directory: " + error.message());
    // A directory that is mounted elsewhere, or was removed, has a name that leads nowhere.
    if (!full.starts_with('/')) return Status(Errc::kIo, "the current directory is out of reach");
  }
  full += '/';
  full += path;
  return '/' + clean_relative(full);
}

std::vector<std::string> places_of(const std::string& absolute) {
  PathWalk walk = walk_path(absolute);
  std::vector<std::string> out{absolute};
  for (Place& place : walk.places) {
    if (place.next == kNoStep) out.push_back(std::move(place.path));
  }
  out.push_back(std::move(walk.real));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string resolved_path(std::string_view path) { return walk_path(path).real; }

bool is_at_or_below(std::string_view path, std::string_view root) noexcept {
  if (root == "/") return true;
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

std::string_view last_component(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string clean_relative(std::string_view path) {
  std::string clean;
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view component = path.substr(start, end - start);
    if (!component.empty() && component != ".") {
      if (!clean.empty()) clean += '/';
      clean += component;
    }
    start = end + 1;
  }
  return clean;
}

}  // namespace signedvfs
