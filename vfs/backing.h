// What a SignedVfs stands on. Private to vfs/.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/allocate.h"
#include "archive/base/status.h"
#include "archive/base/vessel.h"
#include "vfs/manifest/listing.h"
#include "vfs/manifest/manifest.h"
#include "vfs/manifest/signed_header.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {

// MembersDone is told how many members are done; it returns false to give up. May be empty.
using MembersDone = std::function<bool(std::uint64_t)>;

// Backing is an archive or directory whose signatures satisfied a policy. There are two kinds: one
// goes by the manifest's lines (ListedBacking), one by the signed index (IndexedBacking). An
// archive that has an index is never opened as the other kind. The functions are those of
// SignedVfs. Immutable but for what is kept of what has been read; any thread may use it.
class Backing {
 public:
  virtual ~Backing() = default;

  virtual const std::string& path() const& noexcept = 0;
  virtual const SignedHeader& signed_header() const& noexcept = 0;
  virtual const Listing& listing() const& noexcept = 0;

  // has_index tells whether it goes by the signed index.
  virtual bool has_index() const noexcept = 0;
  virtual Result<const Manifest*> manifest() const = 0;
  virtual Result<const Entry*> entry(std::string_view name) const = 0;

  // read makes VerifiedBytes by way of ContentCheck: no other class can.
  virtual Result<VerifiedBytes> read(std::string_view name, const Allocate& allocate) const = 0;

  virtual Result<VerifiedBytes> read_through(std::string_view name, Vessel& vessel) const = 0;

  virtual Result<std::uint64_t> size_of(std::string_view name) const = 0;
  virtual Result<std::string> identity_of(std::string_view name) const = 0;
  virtual std::uint64_t prefix_bytes() const noexcept = 0;
  virtual Status verify_all(const MembersDone& progress) const = 0;
  virtual Result<std::vector<std::string>> unlisted() const = 0;
};

// tell has `done` of `total` members told, and fails with `kUsage` where nobody wants more of them.
inline Status tell(const MembersDone& progress, std::uint64_t done, std::uint64_t total) {
  if (!progress || progress(done)) return {};
  return {Errc::kUsage,
          "given up after " + std::to_string(done) + " of " + std::to_string(total) + " members"};
}

// not_listed returns what asking for `name` fails with where it was not signed.
inline Status not_listed(const std::string& path, std::string_view name) {
  return {Errc::kNotFound, path + ": " + in_quotes(name) + " is not listed in the manifest"};
}

}  // namespace signedvfs
