#include "importer/path_text.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "importer/path_walk.h"

namespace signedvfs {

Result<std::string> absolute_path(std::string_view path) {
  std::string full;
  if (path.empty() || path.front() != '/') {
    std::error_code error;
    full = std::filesystem::current_path(error).native();
    if (error) return Status(Errc::kIo, "the current directory: " + error.message());
  }
  full += '/';
  full += path;
  std::string clean = '/' + clean_relative(full);
  const bool climbs = (clean + "/").find("/../") != std::string::npos;
  return climbs ? resolved_path(clean) : clean;
}

std::string resolved_path(const std::string& absolute) { return walk_path(absolute).real; }

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
