#include "vfs/listed_backing.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "archive/in_order.h"
#include "archive/processors.h"
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
  SIGNEDVFS_TRY(check_members(*listed.container, listed.manifest));
  SIGNEDVFS_TRY(
      check_prefix_length(listed.container->prefix_bytes(), listed.manifest.attributes().prefix)
          .in(listed.container->path()));
  return std::unique_ptr<const Backing>(new ListedBacking(std::move(listed)));
}

Result<Buffer> ListedBacking::read(std::string_view name) const {
  const Entry* const entry = manifest_.find(name);
  if (entry == nullptr) return not_listed(path(), name);
  auto content = container_->read(name);
  if (content.code() == Errc::kNotFound) {
    return Status(Errc::kMissingMember,
                  path() + ": " + in_quotes(name) + " is listed, but not there");
  }
  if (!content.ok()) return content;
  const Digest wanted = entry->digest();
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(wanted.type(), std::as_const(*content).bytes()));
  if (digest != wanted) return wrong_digest(name, "", digest, wanted).in(path());
  return content;
}

Result<std::uint64_t> ListedBacking::size_of(std::string_view name) const {
  return container_->size_of(name).value_or(0);
}

Status ListedBacking::verify_all(const Progress& progress) const {
  const auto read_prefix = [&](const auto& sink) { return container_->read_prefix(sink); };
  SIGNEDVFS_TRY(check_prefix(container_->prefix_bytes(), manifest_.attributes().prefix, read_prefix)
                    .in(path()));
  const std::vector<Entry>& entries = manifest_.entries();
  // What was read is dropped at once: sizes only say what is worth a thread. To ask a directory for
  // one costs as much as reading a small file.
  constexpr std::uint64_t kGuess = 16384;
  const bool is_archive = container_->member_count().has_value();
  const auto bytes_of = [&](std::size_t i) {
    return is_archive ? container_->size_of(entries[i].path()).value_or(0) : kGuess;
  };
  const auto check = [&](std::size_t i) -> Result<Checked> {
    auto content = read(entries[i].path());
    if (!content.ok()) return std::move(content).status().about(entries[i].path());
    return Checked{};
  };
  const auto tell = [&](std::size_t i, Checked) -> Status {
    if (!progress || progress(i + 1)) return {};
    return given_up(path(), i + 1, entries.size());
  };
  return in_order<Checked>(entries.size(), processors(), bytes_of, check, tell);
}

Result<std::vector<std::string>> ListedBacking::unlisted() const {
  std::vector<std::string> out;
  if (container_->member_count()) return out;
  SIGNEDVFS_ASSIGN(const std::vector<std::string> names, container_->names());
  std::copy_if(names.begin(), names.end(), std::back_inserter(out), [&](const std::string& name) {
    return !is_reserved(name) && manifest_.find(name) == nullptr;
  });
  return out;
}

}  // namespace signedvfs
