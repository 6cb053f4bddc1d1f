#include "importer/native/loaded_libraries.h"

#include <algorithm>
#include <utility>

#include "importer/python/process_lock.h"

namespace signedvfs {
namespace {

// all is never destroyed: threads may import while the process ends.
std::vector<LoadedLibrary>& all() {
  static auto* const libraries = new std::vector<LoadedLibrary>();
  return *libraries;
}

template <class Test>
std::optional<LoadedLibrary> find(const Test& test) {
  const ProcessLock lock;
  const auto found = std::find_if(all().begin(), all().end(), test);
  if (found == all().end()) return std::nullopt;
  return *found;
}

}  // namespace

std::optional<LoadedLibrary> loaded_member(const std::string& archive, const std::string& entry,
                                           const std::string& identity) {
  return find([&](const LoadedLibrary& one) {
    return one.entry == entry && one.identity == identity && one.archive == archive;
  });
}

std::optional<LoadedLibrary> library_of_handle(LibraryHandle handle) {
  return find([&](const LoadedLibrary& one) { return one.handle == handle; });
}

void note_loaded(LoadedLibrary library) {
  const ProcessLock lock;
  all().push_back(std::move(library));
}

}  // namespace signedvfs
