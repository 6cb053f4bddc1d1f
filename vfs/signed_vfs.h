// A signed archive or directory as a read-only file system.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/container.h"
#include "archive/limits.h"
#include "archive/status.h"
#include "vfs/manifest.h"
#include "vfs/policy.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {

// SignedVfs gives out members of one archive or directory whose manifest satisfied a policy. It is
// the only place that mints `VerifiedBytes`. Immutable; may be used from any thread.
class SignedVfs {
 public:
  // open opens what `path` names and checks its manifest under `policy`. For archives the listed
  // members must be exactly the members. Fails with the code of the first thing that is wrong.
  static Result<std::shared_ptr<const SignedVfs>> open(const std::string& path,
                                                       const TrustPolicy& policy,
                                                       const Limits& limits = {});

  // over does the same for a container that is open already.
  static Result<std::shared_ptr<const SignedVfs>> over(std::unique_ptr<const Container> container,
                                                       const TrustPolicy& policy,
                                                       const Limits& limits = {});

  const std::string& path() const& noexcept { return container_->path(); }
  const Manifest& manifest() const& noexcept { return manifest_; }

  // contains tells whether the manifest lists the file `name` (bytes, exact match).
  bool contains(std::string_view name) const noexcept { return manifest_.find(name) != nullptr; }

  // read copies the member out once, decodes it, hashes that private copy and returns it. Fails
  // with `kNotFound` where the manifest does not list `name`; any other code is a refusal.
  Result<VerifiedBytes> read(std::string_view name) const;

  // size_of returns the member's declared decoded size, unverified: for listings only.
  std::uint64_t size_of(std::string_view name) const;

  // verify_all reads every member and the prefix of an appended archive. `progress` (may be empty)
  // is told the members done; it returns false to give up, which fails with `kUsage`.
  Status verify_all(const std::function<bool(std::uint64_t)>& progress = {}) const;

  // unlisted returns the files below a directory that its manifest does not list, in byte order:
  // they can never be read through here, but a person may want to know. Empty for archives.
  Result<std::vector<std::string>> unlisted() const;

 private:
  SignedVfs(std::unique_ptr<const Container> container, Manifest manifest) noexcept;

  std::unique_ptr<const Container> container_;
  Manifest manifest_;
};

}  // namespace signedvfs
