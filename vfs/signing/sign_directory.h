// Signing a directory where it stands.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/base/status.h"
#include "archive/members/container.h"
#include "vfs/signing/rebuild.h"
#include "vfs/signing/signer.h"

namespace signedvfs {

// digest_files reads the files `names` of `source`, and returns their digests of `type`. Progress
// is told of the first half of the request's steps. Fails as reading does, and with `kUsage` where
// the request's progress gives up.
Result<Contents> digest_files(const SignRequest& request, const Container& source, HashType type,
                              const std::vector<std::string>& names);

// WithManifest is a directory as it is, or will be, with `text` as its manifest.
class WithManifest final : public Container {
 public:
  WithManifest(std::unique_ptr<const Container> directory, std::string text)
      : directory_(std::move(directory)), text_(std::move(text)) {}

  const std::string& path() const& noexcept override { return directory_->path(); }
  std::optional<std::uint64_t> member_count() const noexcept override { return {}; }
  std::optional<std::uint64_t> size_of(std::string_view name) const override;
  std::optional<std::int64_t> modified(std::string_view name) const override;
  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override;
  Result<std::vector<std::string>> names() const override { return directory_->names(); }

 private:
  std::unique_ptr<const Container> directory_;
  std::string text_;
};

// sign_directory does `sign` for the directory `source`: it writes nothing but the manifest.
Result<SignReport> sign_directory(const SignRequest& request, const Container& source);

}  // namespace signedvfs
