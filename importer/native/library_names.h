// Libraries of an archive by the names that programs ask for.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "vfs/manifest/listing.h"

namespace signedvfs {

// LibraryNames knows the members of one listing that are named like shared libraries ("libx.so",
// "libx-1f2e.so.3"), by the last part of their paths. The listing is read when somebody first asks.
// Any thread may use it.
class LibraryNames {
 public:
  LibraryNames() = default;
  LibraryNames(const LibraryNames&) = delete;
  LibraryNames& operator=(const LibraryNames&) = delete;
  ~LibraryNames();

  // named returns the only member whose last part is `name`; nothing where there is none, or where
  // there are several. Fails only where the listing does.
  Result<std::optional<std::string>> named(const Listing& listing, std::string_view name) const;

  // stands_for returns the member that ctypes.util.find_library(`name`) means: "lib<name>.so",
  // whatever version follows, or one with a digest in its name, as auditwheel writes them.
  Result<std::optional<std::string>> stands_for(const Listing& listing,
                                                std::string_view name) const;

 private:
  using Paths = std::vector<std::string>;
  Result<const Paths*> all(const Listing& listing) const;

  mutable std::atomic<const Paths*> paths_ = nullptr;  // owned
};

}  // namespace signedvfs
