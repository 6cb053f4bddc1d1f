// Archives and directories that go by their manifest's member lines. Private to vfs/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "archive/members/container.h"
#include "vfs/backing.h"
#include "vfs/listed_opening.h"

namespace signedvfs {

class ListedBacking final : public Backing {
 public:
  // over takes what was opened. The members of an archive must be exactly the listed ones.
  static Result<std::unique_ptr<const Backing>> over(Listed listed);

  const std::string& path() const& noexcept override { return container_->path(); }
  const SignedHeader& signed_header() const& noexcept override {
    return manifest_->signed_header();
  }
  const Listing& listing() const& noexcept override { return listing_; }
  bool has_index() const noexcept override { return false; }
  Result<const Manifest*> manifest() const override { return manifest_.get(); }
  Result<const Entry*> entry(std::string_view name) const override { return listing_.find(name); }
  Result<VerifiedBytes> read(std::string_view name, const Allocate& allocate) const override;
  Result<VerifiedBytes> read_through(std::string_view name, Vessel& vessel) const override;
  Result<std::uint64_t> size_of(std::string_view name) const override;
  Result<std::string> identity_of(std::string_view name) const override;
  std::uint64_t prefix_bytes() const noexcept override { return container_->prefix_bytes(); }
  Status verify_all(const MembersDone& progress) const override;
  Result<std::vector<std::string>> unlisted() const override;

 private:
  Result<Buffer> content_of(std::string_view name, const Allocate& allocate) const;

  explicit ListedBacking(Listed listed) noexcept
      : container_(std::move(listed.container)),
        manifest_(std::move(listed.manifest)),
        listing_(*manifest_, listed.root) {}

  std::unique_ptr<const Container> container_;
  std::shared_ptr<const Manifest> manifest_;
  ManifestListing listing_;
};

}  // namespace signedvfs
