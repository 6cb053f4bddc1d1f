#include "importer/native/program_directories.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "archive/os/executable.h"
#include "importer/native/search_path.h"

namespace signedvfs {

ProgramDirectories program_directories_in(std::string_view paths, std::string_view origin,
                                          bool is_for_all) {
  ProgramDirectories out;
  if (paths.empty()) return out;  // glibc makes no entry of an empty text
  for (bool is_last = false; !is_last;) {
    const std::size_t end = std::min(paths.find(':'), paths.size());
    auto directory = directory_named(paths.substr(0, end), origin);
    if (directory) {
      out.directories.push_back(*std::move(directory));
    } else if (is_for_all) {
      out.has_others = true;
    }
    is_last = end == paths.size();
    if (!is_last) paths.remove_prefix(end + 1);
  }
  return out;
}

const ProgramDirectories& program_directories() {
  static const auto* const found = [] {
    const ExecutableSearch& search = executable_search();
    return new ProgramDirectories(
        program_directories_in(search.paths, search.origin, search.is_for_all));
  }();  // never destroyed
  return *found;
}

}  // namespace signedvfs
