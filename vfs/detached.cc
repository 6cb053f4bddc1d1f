#include "vfs/detached.h"

#include <algorithm>
#include <set>
#include <utility>

#include "archive/directory_tree.h"
#include "archive/os/file_source.h"
#include "vfs/listed_opening.h"
#include "vfs/manifest/listing.h"

namespace signedvfs {
namespace {

Result<Buffer> read_text(const std::string& path, const Limits& limits) {
  auto source = open_file(path, limits.archive_bytes);
  if (source.code() == Errc::kNotFound) {
    return Status(Errc::kNoManifest, path + ": nothing is there, where a manifest is expected");
  }
  if (!source.ok()) return std::move(source).status();
  const std::uint64_t size = source.value()->size();
  if (size > limits.manifest_bytes) {
    return too_large("manifest_bytes", limits.manifest_bytes, path + " is larger");
  }
  Buffer text(static_cast<std::size_t>(size));
  SIGNEDVFS_TRY(source.value()->copy_out(0, text.bytes()).in(path));
  return text;
}

std::string shown(const std::vector<std::string>& roots) {
  std::string out;
  for (const std::string& root : roots) out += (out.empty() ? "" : ", ") + in_quotes(root);
  return out;
}

Status check_roles(const std::vector<RootDirectory>& asked,
                   const std::vector<std::string>& signed_roots) {
  if (signed_roots.empty()) {
    return {Errc::kWrongRoot,
            "this manifest was signed to stand in an archive or a directory, not outside of one"};
  }
  std::set<std::string_view> seen;
  for (const RootDirectory& root : asked) {
    if (!seen.insert(root.role).second) {
      return {Errc::kUsage, "the root " + in_quotes(root.role) + " is given twice"};
    }
    if (std::binary_search(signed_roots.begin(), signed_roots.end(), root.role)) continue;
    return {Errc::kWrongRoot, "this manifest was signed for " + shown(signed_roots) + ", and " +
                                  root.directory + " was to be opened as " + in_quotes(root.role)};
  }
  return {};
}

// check_same requires that a directory's own manifest says what `listing` says.
Status check_same(const Manifest& own, HashType type, const ManifestListing& listing) {
  if (own.hash_type() != type) {
    return {Errc::kManifestMismatch, "it goes by " + std::string(hash_name(own.hash_type())) +
                                         ", and the detached one by " +
                                         std::string(hash_name(type))};
  }
  const std::vector<Entry>& entries = own.entries();
  for (const Entry& entry : entries) {
    const Entry* const other = listing.find(entry.path());
    if (other == nullptr) {
      return {Errc::kManifestMismatch, "it alone lists " + in_quotes(entry.path())};
    }
    if (other->hex() != entry.hex()) {
      return {Errc::kManifestMismatch, "it lists another digest of " + in_quotes(entry.path())};
    }
  }
  for (std::size_t i = 0; i < listing.size(); ++i) {
    if (own.find(listing.path(i)) == nullptr) {
      return {Errc::kManifestMismatch, "it does not list " + in_quotes(listing.path(i))};
    }
  }
  return {};
}

// open_root opens a directory by the lines below `prefix`, and by its own manifest as well.
Result<Listed> open_root(const RootDirectory& root, std::shared_ptr<const Manifest> manifest,
                         const Trust& trust) {
  const std::string prefix = root.role + "/";
  SIGNEDVFS_ASSIGN(auto tree, DirectoryTree::open(root.directory, trust.limits, tree_rules(root)));
  auto text = tree->read(kManifestName);
  if (text.code() != Errc::kNotFound) {
    if (!text.ok()) return std::move(text).status();
    SIGNEDVFS_ASSIGN(auto again,
                     DirectoryTree::open(root.directory, trust.limits, tree_rules(root)));
    auto opened = open_listed(std::move(again), trust);
    if (!opened.ok()) {
      return std::move(opened).status().in(
          "the directory has a manifest of its own, which has to hold beside the detached one");
    }
    const Listed own = std::move(opened).value();
    SIGNEDVFS_TRY(
        check_same(*own.manifest, manifest->hash_type(), ManifestListing(*manifest, prefix))
            .in(root.directory + ": its own manifest does not agree with the detached one")
            .advising("Sign both anew, or remove the directory's own with 'signedvfs unsign'."));
  }
  return Listed{std::move(tree), std::move(manifest), prefix};
}

}  // namespace

TreeRules tree_rules(const RootDirectory& root) {
  return {.follows_links = true, .apart = root.apart, .leaves_out = true};
}

Result<std::vector<RootedVfs>> open_roots_by(Buffer text, const std::string& manifest,
                                             const std::vector<RootDirectory>& roots,
                                             const Trust& trust) {
  auto checked = Manifest::check(std::move(text), trust.policy, trust.limits);
  if (!checked.ok()) return std::move(checked).status().in(manifest);
  SIGNEDVFS_TRY(check_roles(roots, checked->attributes().roots).in(manifest));
  const auto shared = std::make_shared<const Manifest>(std::move(checked).value());
  std::vector<RootedVfs> out;
  for (const RootDirectory& root : roots) {
    SIGNEDVFS_ASSIGN(auto vfs, SignedVfs::going_by(open_root(root, shared, trust)));
    out.push_back({root.role, std::move(vfs)});
  }
  return out;
}

Result<std::vector<RootedVfs>> open_roots(const std::string& manifest,
                                          const std::vector<RootDirectory>& roots,
                                          const Trust& trust) {
  SIGNEDVFS_ASSIGN(Buffer text, read_text(manifest, trust.limits));
  return open_roots_by(std::move(text), manifest, roots, trust);
}

Result<std::shared_ptr<const SignedVfs>> open_detached(const std::string& directory,
                                                       const std::string& manifest,
                                                       const Trust& trust, std::string_view role) {
  SIGNEDVFS_ASSIGN(auto opened, open_roots(manifest, {{std::string(role), directory, {}}}, trust));
  return std::move(opened.front().vfs);
}

}  // namespace signedvfs
