#include "importer/path_split.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <system_error>

namespace signedvfs {
namespace {

constexpr std::array<std::string_view, 13> kArchiveEndings{".zip",  ".whl", ".egg", ".pyz", ".pyzw",
                                                           ".tar",  ".tgz", ".txz", ".tbz", ".tbz2",
                                                           ".tzst", ".7z",  ".cpio"};
constexpr std::array<std::string_view, 6> kTarFilters{".gz", ".xz", ".zst", ".bz2", ".lz", ".lzma"};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool ends_with(std::string_view text, std::string_view ending) noexcept {
  return text.size() > ending.size() &&
         std::equal(ending.begin(), ending.end(),
                    text.end() - static_cast<std::ptrdiff_t>(ending.size()),
                    [](char a, char b) { return a == lower(b); });
}

// start_of_last returns where the last component of `path` begins.
std::size_t start_of_last(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? 0 : slash + 1;
}

enum class Look : std::uint8_t { kFile, kDirectory, kOther, kAbsent, kTrouble };

Look look_at(const std::string& path) {
  if (path.size() >= PATH_MAX || path.find('\0') != std::string::npos) return Look::kAbsent;
  struct stat found{};
  if (::stat(path.c_str(), &found) == 0) {
    if (S_ISREG(found.st_mode)) return Look::kFile;
    return S_ISDIR(found.st_mode) ? Look::kDirectory : Look::kOther;
  }
  switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return Look::kAbsent;
    default:
      return Look::kTrouble;
  }
}

// up_to_archive_name ends the first half after the first component that is named like an archive.
PathSplit up_to_archive_name(PathKind kind, std::string_view path) {
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (named_like_archive(path.substr(start, end - start))) {
      return {kind, end, clean_relative(path.substr(end))};
    }
    start = end + 1;
  }
  return {kind, path.size(), {}};
}

}  // namespace

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
  const bool climbs = ("/" + clean + "/").find("/../") != std::string::npos;
  return climbs ? resolved_path(clean) : clean;
}

std::string resolved_path(const std::string& absolute) {
  if (absolute.find('\0') != std::string::npos) return absolute;
  std::error_code error;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(absolute, error);
  return error ? absolute : '/' + clean_relative(resolved.native());
}

bool is_at_or_below(std::string_view path, std::string_view root) noexcept {
  if (root == "/") return true;
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

std::string_view last_component(std::string_view path) noexcept {
  return path.substr(start_of_last(path));
}

bool named_like_archive(std::string_view component) noexcept {
  for (const std::string_view filter : kTarFilters) {
    if (ends_with(component, filter)) {
      return ends_with(component.substr(0, component.size() - filter.size()), ".tar");
    }
  }
  return std::any_of(kArchiveEndings.begin(), kArchiveEndings.end(),
                     [&](std::string_view ending) { return ends_with(component, ending); });
}

PathSplit split_path(std::string_view path) {
  bool trouble = false;
  for (std::size_t length = path.size(); length > 0;) {
    const std::string_view part = path.substr(0, length);
    const Look look = look_at(std::string(part));
    if (look == Look::kFile) return {PathKind::kFile, length, clean_relative(path.substr(length))};
    if (look == Look::kTrouble) trouble = true;
    if (look == Look::kDirectory || look == Look::kOther) {
      if (length < path.size()) break;
      return {look == Look::kDirectory ? PathKind::kDirectory : PathKind::kOther, length, {}};
    }
    const std::size_t start = start_of_last(part);
    length = start == 0 ? 0 : start - 1;
  }
  return up_to_archive_name(trouble ? PathKind::kUnreachable : PathKind::kMissing, path);
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
