#include "archive/foreign_library.h"

#include <dlfcn.h>
#include <link.h>

#include <atomic>
#include <string>
#include <vector>

namespace signedvfs {
namespace {

constexpr std::string_view kFile = "libsignedvfs_foreign.so";
constexpr const char* kFunction = "signedvfs_foreign_decode_2";

// own_directory returns the directory of the shared library that this code is in, or "" where that
// is the executable or is not known by an absolute path.
std::string own_directory() {
  Dl_info info{};
  link_map* map = nullptr;
  if (::dladdr1(reinterpret_cast<const void*>(&load_foreign_library), &info,
                reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 ||
      map == nullptr || map->l_name == nullptr) {
    return {};
  }
  const std::string_view name = map->l_name;  // "" for the executable
  if (!name.starts_with('/')) return {};
  return std::string(name.substr(0, name.rfind('/')));
}

}  // namespace

Result<ForeignLibrary> load_foreign_library() {
  // No lock: loading twice at the same moment gives the same object, and a lock could be held by
  // another thread when the process forks.
  static std::atomic<SignedvfsForeignDecode*> loaded{nullptr};
  if (SignedvfsForeignDecode* decode = loaded.load(std::memory_order_acquire)) {
    return ForeignLibrary{decode};
  }

  std::string tried;
  for (const std::string& directory : {own_directory(), std::string(foreign_directory())}) {
    if (directory.empty()) continue;
    const std::string path = directory + '/' + std::string(kFile);
    // A path with a slash in it makes dlopen(3) look nowhere else.
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* symbol = library != nullptr ? ::dlsym(library, kFunction) : nullptr;
    if (symbol != nullptr) {
      auto* decode = reinterpret_cast<SignedvfsForeignDecode*>(symbol);
      loaded.store(decode, std::memory_order_release);
      return ForeignLibrary{decode};
    }
    const char* error = ::dlerror();
    tried += (tried.empty() ? "" : "; ") + std::string(error != nullptr ? error : path.c_str());
    if (library != nullptr) ::dlclose(library);
  }
  return Status(Errc::kNoDecoder,
                "archives other than zip need " + std::string(kFile) + " and libarchive (" +
                    (tried.empty() ? "this build has no place for it" : tried) + ")");
}

}  // namespace signedvfs
