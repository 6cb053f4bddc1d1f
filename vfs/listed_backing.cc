#include "vfs/listed_backing.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "archive/os/processors.h"
#include "archive/workers/in_order.h"
#include "vfs/content_check.h"
#include "vfs/filling.h"
#include "vfs/prefix_check.h"

namespace signedvfs {
namespace {

// Directories are open-ended: what their manifest does not list is never looked at.
Status check_members(const Container& container, const Manifest& manifest) {
  const auto count = container.member_count();
  if (!count) return {};
  const std::vector<Entry>& entries = manifest.entries();
  const auto path_at = [&](std::size_t i) { return entries[i].path(); };
  if (const auto missing = container.first_missing(entries.size(), path_at)) {
    const std::string path(path_at(*missing));
    return Status(Errc::kMissingMember,
                  container.path() + ": " + in_quotes(path) + " is listed, but not there")
        .about(path);
  }
  if (*count == manifest.entries().size() + 1 && container.size_of(kManifestName)) return {};
  SIGNEDVFS_ASSIGN(const std::vector<std::string> names, container.names());
  for (const std::string& name : names) {
    if (name != kManifestName && manifest.find(name) == nullptr) {
      return Status(Errc::kUnlistedMember, container.path() + ": " + in_quotes(name) +
                                               " is in the archive, but was not signed")
          .about(name);
    }
  }
  return {Errc::kUnlistedMember, container.path() + ": " + std::to_string(*count) +
                                     " members where " + std::to_string(manifest.entries().size()) +
                                     " and the manifest were expected"};
}

// Checked is what is left of a member that was read to be checked.
struct Checked {};

}  // namespace

Result<std::unique_ptr<const Backing>> ListedBacking::over(Listed listed) {
  SIGNEDVFS_TRY(check_members(*listed.container, *listed.manifest));
  if (listed.container->member_count()) {
    SIGNEDVFS_TRY(
        check_prefix_length(listed.container->prefix_bytes(), listed.manifest->attributes().prefix)
            .in(listed.container->path()));
  }
  return std::unique_ptr<const Backing>(new ListedBacking(std::move(listed)));
}

// content_of returns what the container has of a listed member.
Result<Buffer> ListedBacking::content_of(std::string_view name, const Allocate& allocate) const {
  auto content = container_->read_into(name, allocate);
  if (content.code() == Errc::kNotFound) {
    return Status(Errc::kMissingMember,
                  path() + ": " + in_quotes(name) + " is listed, but not there");
  }
  return content;
}

Result<VerifiedBytes> ListedBacking::read(std::string_view name, const Allocate& allocate) const {
  const Entry* const entry = listing_.find(name);
  if (entry == nullptr) return not_listed(path(), name);
  SIGNEDVFS_ASSIGN(Buffer content, content_of(name, allocate));
  auto checked = ContentCheck::of_content(std::move(content), entry->digest(), name);
  if (!checked.ok()) return std::move(checked).status().in(path());
  return checked;
}

Result<VerifiedBytes> ListedBacking::read_through(std::string_view name, Vessel& vessel) const {
  const Entry* const entry = listing_.find(name);
  if (entry == nullptr) return not_listed(path(), name);
  SIGNEDVFS_ASSIGN(const Buffer content, content_of(name, {}));
  SIGNEDVFS_ASSIGN(Buffer closed, fill_from(vessel, content.bytes()));
  const auto rest = content.bytes().subspan(std::min(closed.size(), content.size()));
  auto checked = ContentCheck::of_front(std::move(closed), rest, entry->digest(), name);
  if (!checked.ok()) return std::move(checked).status().in(path());
  return checked;
}

Result<std::uint64_t> ListedBacking::size_of(std::string_view name) const {
  return container_->size_of(name).value_or(0);
}

Result<std::string> ListedBacking::identity_of(std::string_view name) const {
  const Entry* const entry = listing_.find(name);
  if (entry == nullptr) return not_listed(path(), name);
  return std::string(hash_name(entry->digest().type())) + ':' + entry->digest().hex();
}

Status ListedBacking::verify_all(const MembersDone& progress) const {
  const bool is_archive = container_->member_count().has_value();
  if (is_archive) {
    // In front of a directory there is nothing: an archive was unpacked, and what stood before it
    // stayed behind.
    const auto read_prefix = [&](const auto& sink) { return container_->read_prefix(sink); };
    SIGNEDVFS_TRY(
        check_prefix(container_->prefix_bytes(), manifest_->attributes().prefix, read_prefix)
            .in(path()));
  }
  const HashType hash = manifest_->hash_type();
  const bool is_legacy = hash == HashType::kLegacySha1 || hash == HashType::kLegacyMd5;
  // Nobody has a reason to put anything else into them. signedimp kept the entries that it found.
  if (!is_legacy) SIGNEDVFS_TRY(container_->check_directory_entries());
  const std::size_t members = static_cast<std::size_t>(listing_.size());
  // What was read is dropped at once: sizes only say what is worth a thread. To ask a directory for
  // one costs as much as reading a small file.
  constexpr std::uint64_t kGuess = 16384;
  const auto bytes_of = [&](std::size_t i) {
    return is_archive ? container_->size_of(listing_.path(i)).value_or(0) : kGuess;
  };
  const auto check = [&](std::size_t i) -> Result<Checked> {
    auto content = read(listing_.path(i), {});
    if (!content.ok()) return std::move(content).status().about(listing_.path(i));
    return Checked{};
  };
  const auto count = [&](std::size_t i, Checked) {
    return tell(progress, i + 1, members).in(path());
  };
  return in_order<Checked>(members, processors(), bytes_of, check, count);
}

Result<std::vector<std::string>> ListedBacking::unlisted() const {
  std::vector<std::string> out;
  if (container_->member_count()) return out;
  SIGNEDVFS_ASSIGN(const std::vector<std::string> names, container_->names());
  std::copy_if(names.begin(), names.end(), std::back_inserter(out), [&](const std::string& name) {
    return !is_reserved(name) && listing_.find(name) == nullptr;
  });
  return out;
}

}  // namespace signedvfs
