#include "vfs/signing/sign_detached.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "archive/directory_tree.h"
#include "archive/os/atomic_file.h"
#include "archive/os/file_source.h"
#include "archive/os/file_status.h"
#include "vfs/manifest/header.h"
#include "vfs/signing/carry_over.h"
#include "vfs/signing/sign_directory.h"
#include "vfs/signing/statement.h"

namespace signedvfs {
namespace {

// RootedTree is several directories as one container, each below the name of its role. Their own
// manifests are none of its members.
class RootedTree final : public Container {
 public:
  static Result<std::unique_ptr<RootedTree>> open(const std::string& path,
                                                  const std::vector<RootDirectory>& roots,
                                                  const Limits& limits) {
    std::unique_ptr<RootedTree> out(new RootedTree(path));
    for (const RootDirectory& root : roots) {
      SIGNEDVFS_ASSIGN(auto tree, DirectoryTree::open(root.directory, limits, tree_rules(root)));
      SIGNEDVFS_ASSIGN(const WalkedTree walked, tree->walk());
      for (const std::string& name : walked.names) {
        if (!is_reserved(name)) out->names_.push_back(root.role + "/" + name);
      }
      for (const std::string& one : walked.left_out) {
        out->left_out_.push_back(root.role + ": " + one);
      }
      out->trees_.emplace_back(root.role, std::move(tree));
    }
    std::sort(out->names_.begin(), out->names_.end());
    return out;
  }

  const std::vector<std::string>& left_out() const& noexcept { return left_out_; }

  const std::string& path() const& noexcept override { return path_; }
  std::optional<std::uint64_t> member_count() const noexcept override { return {}; }

  std::optional<std::uint64_t> size_of(std::string_view name) const override {
    const auto [tree, below] = place_of(name);
    return tree == nullptr ? std::nullopt : tree->size_of(below);
  }

  std::optional<std::int64_t> modified(std::string_view name) const override {
    const auto [tree, below] = place_of(name);
    return tree == nullptr ? std::nullopt : tree->modified(below);
  }

  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override {
    const auto [tree, below] = place_of(name);
    if (tree != nullptr) return tree->read_into(below, allocate);
    return Status(Errc::kNotFound, path_ + ": " + in_quotes(name));
  }

  Result<std::vector<std::string>> names() const override { return names_; }

 private:
  explicit RootedTree(std::string path) : path_(std::move(path)) {}

  std::pair<const DirectoryTree*, std::string_view> place_of(std::string_view name) const {
    const std::size_t slash = std::min(name.find('/'), name.size());
    for (const auto& [role, tree] : trees_) {
      if (role == name.substr(0, slash) && slash < name.size()) {
        return {tree.get(), name.substr(slash + 1)};
      }
    }
    return {nullptr, {}};
  }

  std::string path_;
  std::vector<std::pair<std::string, std::unique_ptr<const DirectoryTree>>> trees_;
  std::vector<std::string> names_;
  std::vector<std::string> left_out_;
};

Result<std::vector<std::string>> roles_of(const std::vector<RootDirectory>& roots) {
  std::vector<std::string> roles;
  for (const RootDirectory& root : roots) {
    if (!is_root_name(root.role)) {
      return Status(Errc::kUsage, in_quotes(root.role) +
                                      " cannot name a root: give 1 to 32 lower-case letters, "
                                      "digits and dashes, such as 'plugins'");
    }
    roles.push_back(root.role);
  }
  std::sort(roles.begin(), roles.end());
  const auto twice = std::adjacent_find(roles.begin(), roles.end());
  if (twice != roles.end()) {
    return Status(Errc::kUsage, "the root " + in_quotes(*twice) + " is given twice");
  }
  if (roles.empty()) return Status(Errc::kUsage, "there is no root to sign");
  return roles;
}

// require_outside fails where writing `manifest` would change one of the directories.
Status require_outside(const std::string& manifest, const std::vector<RootDirectory>& roots) {
  const std::size_t slash = manifest.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : manifest.substr(0, slash + 1);
  SIGNEDVFS_ASSIGN(const std::string place, resolved(folder));
  for (const RootDirectory& root : roots) {
    SIGNEDVFS_ASSIGN(std::string inside, resolved(root.directory));
    if (inside != "/") inside += '/';
    if (!(place + '/').starts_with(inside)) continue;
    return {Errc::kUsage, manifest + " would lie in " + root.directory +
                              ", which a detached manifest leaves alone: write it elsewhere, or "
                              "sign the directory without --detached (detached)"};
  }
  return {};
}

// former_text returns what stands at `manifest`, or nothing. What is no manifest is not
// overwritten: the name may be a slip.
Result<std::optional<std::string>> former_text(const std::string& manifest, const Limits& limits) {
  const auto source = open_file(manifest, limits.archive_bytes);
  if (source.code() == Errc::kNotFound) return std::optional<std::string>();
  if (!source.ok()) return source.status();
  const std::uint64_t size = source.value()->size();
  const auto no_manifest = [&] {
    return Status(Errc::kUsage, manifest +
                                    " is there, and is no detached manifest: it is not "
                                    "overwritten; remove it, or write elsewhere");
  };
  if (size > limits.manifest_bytes) return no_manifest();
  Buffer text(static_cast<std::size_t>(size));
  SIGNEDVFS_TRY(source.value()->copy_out(0, text.bytes()).in(manifest));
  const std::string_view whole = text_of(std::as_const(text).bytes());
  const auto parts = split_manifest(whole, limits);
  if (!parts.ok()) return no_manifest();
  const auto header = parse_header(parts->header);
  if (!header.ok() || header->attributes.roots.empty()) return no_manifest();
  return std::optional(std::string(whole));
}

Status check_written(const SignRequest& request, const Statement& statement,
                     const std::string& manifest, const std::vector<RootDirectory>& roots,
                     std::uint64_t members) {
  const std::string& text = statement.service_members.manifest;
  Buffer copy(text.size());
  std::copy_n(bytes_of(text).begin(), text.size(), copy.bytes().begin());
  SIGNEDVFS_ASSIGN(
      const auto opened,
      open_roots_by(std::move(copy), manifest, roots,
                    Trust(policy_of(request.keys, statement.attributes), request.limits)));
  std::uint64_t before = 0;
  for (const RootedVfs& root : opened) {
    SIGNEDVFS_TRY(root.vfs->verify_all([&](std::uint64_t done) {
      return !request.progress || request.progress(members + before + done, 2 * members);
    }));
    before += root.vfs->listing().size();
  }
  return {};
}

}  // namespace

Result<SignReport> sign_detached(const SignRequest& asked, const std::string& manifest,
                                 const std::vector<RootDirectory>& roots) {
  SignRequest request = asked;
  SIGNEDVFS_TRY(check_keys(request.keys));
  SIGNEDVFS_TRY(check_name(request.attributes));
  if (request.output || request.index.value_or(false)) {
    return Status(Errc::kUsage, manifest +
                                    ": a detached manifest has neither an output beside it " +
                                    "nor an index; leave the choice out");
  }
  SIGNEDVFS_ASSIGN(request.attributes.roots, roles_of(roots));
  SIGNEDVFS_TRY(require_outside(manifest, roots));
  SIGNEDVFS_ASSIGN(const auto former, former_text(manifest, request.limits));
  SIGNEDVFS_ASSIGN(auto tree, RootedTree::open(request.path, roots, request.limits));
  std::vector<std::string> left_out = tree->left_out();
  std::unique_ptr<const Container> source = std::move(tree);
  if (former) source = std::make_unique<WithManifest>(std::move(source), *former);

  SIGNEDVFS_ASSIGN(const auto existing, read_existing(*source, request.keys, request.limits));
  SIGNEDVFS_ASSIGN(CarryOver carried, carry_over_for(request, *source, existing));
  SIGNEDVFS_ASSIGN(Intent intent, intend(request, existing, Layout{carried.names, {}}));
  intent.index = false;
  SIGNEDVFS_ASSIGN(const Contents contents,
                   digest_files(request, *source, intent.hash_type, carried.names));
  auto stated = state(contents, intent, request.keys);
  if (!stated.ok()) return std::move(stated).status().in(request.path);
  const Statement statement = std::move(stated).value();
  SIGNEDVFS_TRY(check_written(request, statement, manifest, roots, carried.names.size()));

  SIGNEDVFS_ASSIGN(AtomicFile file, AtomicFile::create(manifest));
  SIGNEDVFS_TRY(file.write(bytes_of(statement.service_members.manifest)));
  SignReport report;
  report.output = manifest;
  report.members = carried.names.size();
  report.left_out = std::move(left_out);
  report.left_out.insert(report.left_out.end(), carried.left_out.begin(), carried.left_out.end());
  report.warnings = std::move(carried.warnings);
  tell(statement, intent, report);
  SIGNEDVFS_TRY(std::move(file).commit());
  return report;
}

}  // namespace signedvfs
