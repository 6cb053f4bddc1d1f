#include "importer/guard/unsigned_files.h"

#include "archive/os/file_status.h"

namespace signedvfs {

std::optional<std::string> find_unsigned(const std::string& directory, const std::string& tail,
                                         const std::vector<std::string>& suffixes) {
  if (tail.empty() || tail.find('/') != std::string::npos) return std::nullopt;
  std::string stem = directory;
  if (stem != "/") stem += '/';
  stem += tail;
  const bool is_directory = status_of(stem).is_directory();
  if (is_directory) {
    const std::string inside = stem + "/__init__";
    for (const std::string& suffix : suffixes) {
      std::string path = inside + suffix;
      if (status_of(path).is_regular()) return path;
    }
  }
  for (const std::string& suffix : suffixes) {
    std::string path = stem + suffix;
    if (status_of(path).is_regular()) return path;
  }
  if (is_directory) return stem;
  return std::nullopt;
}

}  // namespace signedvfs
