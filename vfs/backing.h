// What a SignedVfs stands on. Private to vfs/.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/buffer.h"
#include "archive/status.h"
#include "vfs/listing.h"
#include "vfs/manifest.h"
#include "vfs/manifest_head.h"

namespace signedvfs {

// Progress is told how many members are done; it returns false to give up. May be empty.
using Progress = std::function<bool(std::uint64_t)>;

// Backing is an archive or directory whose signatures satisfied a policy. There are two kinds: one
// goes by the manifest's lines (ListedBacking), one by the signed index (IndexedBacking). An
// archive that has an index is never opened as the other kind. The functions are those of
// SignedVfs. Immutable but for what is kept of what has been read; any thread may use it.
class Backing {
 public:
  virtual ~Backing() = default;

  virtual const std::string& path() const& noexcept = 0;
  virtual const ManifestHead& head() const& noexcept = 0;
  virtual const Listing& listing() const& noexcept = 0;

  // has_index tells whether it goes by the signed index.
  virtual bool has_index() const noexcept = 0;
  virtual Result<const Manifest*> manifest() const = 0;

  // read returns the content of a member, in the memory that was checked, or that what was checked
  // decoded into.
  virtual Result<Buffer> read(std::string_view name) const = 0;

  virtual Result<std::uint64_t> size_of(std::string_view name) const = 0;
  virtual std::uint64_t prefix_bytes() const noexcept = 0;
  virtual Status verify_all(const Progress& progress) const = 0;
  virtual Result<std::vector<std::string>> unlisted() const = 0;
};

// given_up returns what `verify_all` fails with where `progress` wants no more.
inline Status given_up(const std::string& path, std::uint64_t done, std::uint64_t total) {
  return Status(Errc::kUsage, "given up after " + std::to_string(done) + " of " +
                                  std::to_string(total) + " members")
      .in(path);
}

// not_listed returns what asking for `name` fails with where it was not signed.
inline Status not_listed(const std::string& path, std::string_view name) {
  return {Errc::kNotFound, path + ": " + in_quotes(name) + " is not listed in the manifest"};
}

// wrong_digest returns what reading `name` fails with where its digest is not the signed one; of
// which archive, the caller says.
inline Status wrong_digest(std::string_view name, const std::string& what, const Digest& found,
                           const Digest& wanted) {
  return {Errc::kDigestMismatch, in_quotes(name) + " has the " +
                                     std::string(hash_name(wanted.type())) + " " + found.hex() +
                                     what + " where " + wanted.hex() + " was signed"};
}

}  // namespace signedvfs
