#include "vfs/signed_vfs.h"

#include <utility>

#include "archive/opening.h"
#include "vfs/backing.h"
#include "vfs/indexed_backing.h"
#include "vfs/listed_backing.h"
#include "vfs/listed_opening.h"
#include "vfs/manifest/order.h"

namespace signedvfs {

SignedVfs::SignedVfs(std::unique_ptr<const Backing> backing) noexcept
    : backing_(std::move(backing)) {}
SignedVfs::~SignedVfs() = default;

Result<std::shared_ptr<const SignedVfs>> SignedVfs::open(const std::string& path,
                                                         const Trust& trust) {
  SIGNEDVFS_ASSIGN(OpenedPath opened, open_path(path, trust.limits));
  if (opened.zip != nullptr) return over_zip(std::move(opened.zip), path, trust);
  if (opened.directory != nullptr) return over(std::move(opened.directory), trust);
  return going_by(open_listed_foreign(std::move(opened.foreign), opened.kind, path, trust));
}

Result<std::shared_ptr<const SignedVfs>> SignedVfs::over(std::unique_ptr<const Container> container,
                                                         const Trust& trust) {
  return going_by(open_listed(std::move(container), trust));
}

Result<std::shared_ptr<const SignedVfs>> SignedVfs::over_zip(
    std::shared_ptr<const ByteSource> source, const std::string& path, const Trust& trust) {
  SIGNEDVFS_ASSIGN(auto backing, IndexedBacking::over(source, path, trust));
  if (backing != nullptr) {
    return std::shared_ptr<const SignedVfs>(new SignedVfs(std::move(backing)));
  }
  return going_by(open_listed_zip(std::move(source), path, trust));
}

Result<std::shared_ptr<const SignedVfs>> SignedVfs::going_by(Result<Listed> listed) {
  if (!listed.ok()) return std::move(listed).status();
  SIGNEDVFS_ASSIGN(auto backing, ListedBacking::over(std::move(listed).value()));
  return std::shared_ptr<const SignedVfs>(new SignedVfs(std::move(backing)));
}

const std::string& SignedVfs::path() const& noexcept { return backing_->path(); }
HashType SignedVfs::hash_type() const noexcept {
  return backing_->signed_header().fields.hash_type;
}
const Attributes& SignedVfs::attributes() const& noexcept {
  return backing_->signed_header().fields.attributes;
}
const std::vector<std::string>& SignedVfs::signers() const& noexcept {
  return backing_->signed_header().signers;
}
const std::vector<Signature>& SignedVfs::signatures() const& noexcept {
  return backing_->signed_header().signatures;
}
bool SignedVfs::has_index() const noexcept { return backing_->has_index(); }
std::uint64_t SignedVfs::prefix_bytes() const noexcept { return backing_->prefix_bytes(); }
const Listing& SignedVfs::listing() const& noexcept { return backing_->listing(); }
Result<const Manifest*> SignedVfs::manifest() const { return backing_->manifest(); }
Result<const Entry*> SignedVfs::entry(std::string_view name) const { return backing_->entry(name); }

Result<VerifiedBytes> SignedVfs::read(std::string_view name, const Allocate& allocate) const {
  return backing_->read(name, allocate);
}

Result<VerifiedBytes> SignedVfs::read_through(std::string_view name, Vessel& vessel) const {
  return backing_->read_through(name, vessel);
}

Result<std::uint64_t> SignedVfs::size_of(std::string_view name) const {
  return backing_->size_of(name);
}

Result<std::string> SignedVfs::identity_of(std::string_view name) const {
  return backing_->identity_of(name);
}

Result<std::vector<std::string>> SignedVfs::order() const {
  const auto& recorded = attributes().order;
  if (!recorded) return std::vector<std::string>();
  const std::string what = path() + ": " + in_quotes(kOrderName);
  SIGNEDVFS_ASSIGN(const VerifiedBytes text, read(kOrderName));
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(HashType::kSha256, text.bytes()));
  if (digest != recorded->digest) {
    return Status(Errc::kDigestMismatch, what + " has the SHA-256 " + digest.hex() + " where " +
                                             recorded->digest.hex() + " was signed as @order");
  }
  auto paths = order_lines(text_of(text.bytes()));
  if (!paths.ok()) return std::move(paths).status().in(what);
  if (paths->size() != recorded->members) {
    return Status(Errc::kBadManifest, what + " has " + std::to_string(paths->size()) +
                                          " lines where " + std::to_string(recorded->members) +
                                          " were announced");
  }
  return paths;
}

Status SignedVfs::verify_order() const {
  SIGNEDVFS_ASSIGN(const std::vector<std::string> paths, order());
  SIGNEDVFS_ASSIGN(const Manifest* const listed, manifest());
  return check_order(paths, [&](std::string_view name) { return listed->find(name) != nullptr; })
      .in(path() + ": " + in_quotes(kOrderName));
}

Status SignedVfs::verify_all(const std::function<bool(std::uint64_t)>& progress) const {
  SIGNEDVFS_TRY(backing_->verify_all(progress));
  if (!attributes().order) return {};
  return verify_order().about(kOrderName);
}

Result<std::vector<std::string>> SignedVfs::unlisted() const { return backing_->unlisted(); }

}  // namespace signedvfs
