#include "vfs/listed_opening.h"

#include <optional>
#include <utility>
#include <vector>

#include "archive/foreign/archive.h"
#include "archive/zip/archive.h"
#include "archive/zip/last.h"
#include "archive/zip/tail.h"
#include "vfs/content_check.h"
#include "vfs/listing_bounds.h"
#include "vfs/manifest/listing.h"
#include "vfs/manifest/signed_header.h"

namespace signedvfs {
namespace {

// check_manifest does not say of which archive; its callers do. An archive that was signed with an
// index goes by it; once it has been unpacked, the directory goes by the same manifest's lines.
Result<Manifest> check_manifest(Buffer text, const Trust& trust, PathRules rules) {
  auto manifest = Manifest::check(std::move(text), trust.policy, trust.limits, rules);
  if (!manifest.ok()) return std::move(manifest).status().in(kManifestName);
  SIGNEDVFS_TRY(check_attached(manifest->attributes()).in(kManifestName));
  const bool is_archive = rules == PathRules::kAppliedByArchive;
  if (!is_archive || !manifest->signed_header().fields.index) return manifest;
  return Status(Errc::kBadIndex,
                "the manifest commits to an index (" + in_quotes("@index") +
                    "), but there is none at the end of the archive: it was written anew, or "
                    "something follows it");
}

Listed listed(std::unique_ptr<const Container> container, Manifest manifest) {
  return {std::move(container), std::make_shared<const Manifest>(std::move(manifest)), {}};
}

Status too_large_manifest(const Limits& limits) {
  return too_large("manifest_bytes", limits.manifest_bytes,
                   std::string(kManifestName) + " is larger");
}

// check_count keeps a genuine manifest, put into an archive of a million names, from having them
// read: no more records are read than it can account for, and a few to say which one is too many.
Status check_count(const ZipTail& tail, const Manifest& manifest) {
  const std::uint64_t files = manifest.entries().size() + 1;
  if (tail.count <= files + kNamedStrangers ||
      tail.count <= files + kNamedStrangers + most_directories(manifest)) {
    return {};
  }
  return {Errc::kUnlistedMember, std::to_string(tail.count) + " members where " +
                                     std::to_string(files - 1) + " and the manifest were expected"};
}

// why_no_manifest returns what opening an archive fails with whose last member is another one.
Status why_no_manifest(const ByteSource& source, const ZipTail& tail) {
  SIGNEDVFS_ASSIGN(const bool is_indexed, ends_with_member(source, tail, kIndexName));
  if (is_indexed) {
    return {Errc::kBadIndex, "the archive ends with " + std::string(kIndexName) +
                                 ", and no manifest was signed with it"};
  }
  return {Errc::kNoManifest, std::string(kManifestName) +
                                 " is not its last member, so nobody has signed this as it is"};
}

// Gate admits what the manifest, the archive's first file, lists. It does not say of which archive:
// whoever decodes does.
class Gate final : public Admission {
 public:
  explicit Gate(const Trust& trust) : trust_(trust) {}

  Status begin(std::string_view name, std::uint64_t size) override {
    if (manifest_) return check_listed(*manifest_, name);
    if (name != kManifestName) return not_first(name);
    if (size > trust_.limits.manifest_bytes) return too_large_manifest(trust_.limits);
    return {};
  }

  Status directory(std::string_view name) override {
    if (!manifest_) return not_first(name);
    SIGNEDVFS_ASSIGN(const bool is_listed, ManifestListing(*manifest_).has_directory(name));
    if (is_listed && directories_++ < most_directories_) return {};
    return unlisted(name);
  }

  Status complete(std::string_view name, Buffer& content) override {
    if (!manifest_) return check(std::exchange(content, Buffer()));
    const Entry* const entry = manifest_->find(name);
    if (entry == nullptr) return unlisted(name);
    return check_digest(std::as_const(content).bytes(), entry->digest(), name).about(name);
  }

  // take returns the manifest; it is there where the archive could be decoded, and has a file.
  std::optional<Manifest> take() && { return std::move(manifest_); }

 private:
  Status check(Buffer text) {
    SIGNEDVFS_ASSIGN(manifest_,
                     check_manifest(std::move(text), trust_, PathRules::kAppliedByArchive));
    most_directories_ = most_directories(*manifest_);
    seen_.resize(manifest_->entries().size());
    return {};
  }

  // Each listed file comes once: what is genuine can be repeated a million times as well.
  Status check_listed(const Manifest& manifest, std::string_view name) {
    const Entry* const entry = manifest.find(name);
    if (entry == nullptr) return unlisted(name);
    auto seen = seen_[static_cast<std::size_t>(entry - manifest.entries().data())];
    if (seen) {
      return Status(Errc::kDuplicateName, in_quotes(name) + " is there twice").about(name);
    }
    seen = true;
    return {};
  }

  Status unlisted(std::string_view name) const {
    return Status(Errc::kUnlistedMember, in_quotes(name) + " is in the archive, but was not signed")
        .about(name);
  }

  Status not_first(std::string_view name) const {
    const std::string manifest(kManifestName);
    return {Errc::kNoManifest, "the first member is " + in_quotes(name) + " and not " + manifest +
                                   ", so nobody has signed this as it is (tar -cf app.tar " +
                                   manifest + " ... puts it first)"};
  }

  const Trust& trust_;
  std::optional<Manifest> manifest_;
  std::vector<bool> seen_;  // by the manifest's entries
  std::uint64_t directories_ = 0;
  std::uint64_t most_directories_ = 0;
};

}  // namespace

Result<Listed> open_listed_zip(std::shared_ptr<const ByteSource> source, const std::string& path,
                               const Trust& trust) {
  const auto tail = read_zip_tail(*source, trust.limits);
  if (!tail.ok()) return why_no_zip(tail.status(), path);
  auto last = read_last_member(*source, *tail, kManifestName, trust.limits.manifest_bytes);
  if (!last.ok()) return std::move(last).status().in(path);
  if (!*last) {
    return why_no_manifest(*source, *tail).in(path);
  }
  // Which names there may be the directory's reader says; that they are these, ListedBacking.
  auto manifest = check_manifest(std::move((*last)->content), trust, PathRules::kAppliedByArchive);
  if (!manifest.ok()) return std::move(manifest).status().in(path);
  SIGNEDVFS_TRY(check_count(*tail, *manifest).in(path));
  SIGNEDVFS_ASSIGN(auto container,
                   open_zip_with(std::move(source), path, trust.limits.without_ratio(), **last));
  return listed(std::move(container), std::move(manifest).value());
}

Result<Listed> open_listed_foreign(std::unique_ptr<const ByteSource> source, ForeignKind kind,
                                   const std::string& path, const Trust& trust) {
  Gate gate(trust);
  SIGNEDVFS_ASSIGN(auto container,
                   open_foreign(std::move(source), kind, path, trust.limits, &gate));
  std::optional<Manifest> manifest = std::move(gate).take();
  if (!manifest) {
    return Status(Errc::kNoManifest, path + ": an archive without files, so without a manifest");
  }
  return listed(std::move(container), *std::move(manifest));
}

Result<Listed> open_listed(std::unique_ptr<const Container> container, const Trust& trust) {
  const std::string& path = container->path();
  const std::uint64_t allowed = trust.limits.manifest_bytes;
  if (container->size_of(kManifestName).value_or(0) > allowed) {
    return too_large_manifest(trust.limits).in(path);
  }
  auto text = container->read(kManifestName);
  if (text.code() == Errc::kNotFound) {
    return Status(Errc::kNoManifest, path + ": " + std::string(kManifestName) +
                                         " is not there, so nobody has signed this");
  }
  if (!text.ok()) return std::move(text).status();
  if (text->size() > allowed) return too_large_manifest(trust.limits).in(path);
  const PathRules rules =
      container->member_count() ? PathRules::kAppliedByArchive : PathRules::kApply;
  auto manifest = check_manifest(std::move(text).value(), trust, rules);
  if (!manifest.ok()) return std::move(manifest).status().in(path);
  return listed(std::move(container), std::move(manifest).value());
}

}  // namespace signedvfs
