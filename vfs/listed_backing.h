// Archives and directories that go by their manifest's member lines. Private to vfs/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "archive/container.h"
#include "archive/limits.h"
#include "vfs/backing.h"
#include "vfs/policy.h"

namespace signedvfs {

class ListedBacking final : public Backing {
 public:
  // over reads and checks the manifest of `container`. For archives the listed members must be
  // exactly the members. Refuses with `kBadIndex` a manifest that wants an index to be used.
  static Result<std::unique_ptr<const Backing>> over(std::unique_ptr<const Container> container,
                                                     const TrustPolicy& policy,
                                                     const Limits& limits);

  const std::string& path() const& noexcept override { return container_->path(); }
  const ManifestHead& head() const& noexcept override { return manifest_.head(); }
  const Listing& listing() const& noexcept override { return listing_; }
  Result<const Manifest*> manifest() const override { return &manifest_; }
  Result<Buffer> read(std::string_view name) const override;
  Result<std::uint64_t> size_of(std::string_view name) const override;
  std::uint64_t prefix_bytes() const noexcept override { return container_->prefix_bytes(); }
  Status verify_all(const Progress& progress) const override;
  Result<std::vector<std::string>> unlisted() const override;

 private:
  ListedBacking(std::unique_ptr<const Container> container, Manifest manifest) noexcept
      : container_(std::move(container)), manifest_(std::move(manifest)), listing_(manifest_) {}

  std::unique_ptr<const Container> container_;
  Manifest manifest_;
  ManifestListing listing_;
};

}  // namespace signedvfs
