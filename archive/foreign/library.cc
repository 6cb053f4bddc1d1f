#include "archive/foreign/library.h"

#include <atomic>
#include <string>
#include <vector>

#include "archive/os/loaded_code.h"

namespace signedvfs {
namespace {

constexpr std::string_view kFile = "libsignedvfs_foreign.so";
constexpr const char* kFunction = "signedvfs_foreign_decode_3";

std::string own_directory() {
  return directory_of_code(reinterpret_cast<const void*>(&load_foreign_library));
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
    std::string error;
    void* const symbol = load_function(path, kFunction, error);
    if (symbol != nullptr) {
      auto* decode = reinterpret_cast<SignedvfsForeignDecode*>(symbol);
      loaded.store(decode, std::memory_order_release);
      return ForeignLibrary{decode};
    }
    tried += (tried.empty() ? "" : "; ") + error;
  }
  return Status(Errc::kNoDecoder,
                "archives other than zip, and members that bzip2 or lzma compressed, need " +
                    std::string(kFile) + " and libarchive (" +
                    (tried.empty() ? "this build has no place for it" : tried) + ")");
}

}  // namespace signedvfs
