#include "importer/registry.h"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "archive/container.h"
#include "importer/path_split.h"
#include "importer/process_lock.h"

namespace signedvfs {
namespace {

// no_verdict tells whether a failure says nothing about content, so that asking again makes sense.
bool no_verdict(Errc code) noexcept {
  return code == Errc::kIo || code == Errc::kNoDecoder || code == Errc::kCrypto;
}

std::int64_t nanoseconds(const timespec& time) noexcept {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// older_than tells whether `next` is an earlier release of what `current` is.
bool older_than(const SignedVfs& next, const SignedVfs& current) noexcept {
  const Attributes& a = next.attributes();
  const Attributes& b = current.attributes();
  return a.name == b.name && a.serial.value_or(0) < b.serial.value_or(0);
}

std::string below(std::string_view path, std::string_view root) {
  return clean_relative(path.substr(root.size()));
}

}  // namespace

std::optional<Result<OpenedArchive>> Registry::standing(const std::string& absolute) const {
  const ProcessLock lock;
  const auto found = decisions_.find(absolute);
  if (found == decisions_.end() || !holds(found->second)) return std::nullopt;
  return answer(found->second);
}

std::uint64_t Registry::policy_count() const {
  const ProcessLock lock;
  return policy_count_;
}

void Registry::policy_changed(bool replaced) {
  const ProcessLock lock;
  ++policy_count_;
  if (replaced) replaced_at_ = policy_count_;
}

Result<OpenedArchive> Registry::ask(const std::string& absolute, const Trust& trust,
                                    std::uint64_t count) {
  std::optional<Decision> before;
  bool replaced = false;
  {
    const ProcessLock lock;
    if (const auto found = decisions_.find(absolute); found != decisions_.end()) {
      before = found->second;
      replaced = before->policy_count < replaced_at_;
    }
  }
  const bool in_use = before && before->verdict == Verdict::kOpened;
  const bool ours =
      (before && before->verdict != Verdict::kNothing) || root_of(absolute).has_value();

  Decision decision;
  decision.identity = identify(absolute);
  if (in_use && !replaced && decision.identity == before->identity) {
    decision.verdict = Verdict::kOpened;
    decision.opened = before->opened;
  } else {
    const SignedVfs* const current = in_use && !replaced ? before->opened.vfs.get() : nullptr;
    SIGNEDVFS_TRY(decide(absolute, trust, ours, current, decision));
  }
  decision.policy_count = count;
  const bool is_root =
      decision.verdict != Verdict::kNothing && decision.identity && decision.identity->is_directory;
  const std::string resolved = is_root ? resolved_path(absolute) : "";

  const ProcessLock lock;
  Decision& kept = decisions_[absolute];
  // Another thread may have answered meanwhile; everybody gets the first answer.
  if (kept.number != (before ? before->number : 0) && holds(kept)) return answer(kept);
  decision.number = ++decision_count_;
  std::swap(kept, decision);  // what was there before is destroyed after the lock is gone
  if (is_root) add_root(absolute, resolved);
  return answer(kept);
}

Status Registry::decide(const std::string& absolute, const Trust& trust, bool ours,
                        const SignedVfs* in_use, Decision& out) {
  if (absolute.find('\0') != std::string::npos) return {};
  const bool is_directory = out.identity && out.identity->is_directory;
  Result<std::shared_ptr<const SignedVfs>> opened = SignedVfs::open(absolute, trust);
  if (opened.ok()) {
    out.verdict = Verdict::kOpened;
    out.opened = {std::move(opened).value(), is_directory, nullptr};
    out.opened.prefetch = Prefetch::create(out.opened.vfs, search_order(is_directory));
    if (in_use != nullptr && older_than(*out.opened.vfs, *in_use)) {
      out.verdict = Verdict::kRefused;
      out.opened = {};
      out.refusal = {Errc::kRollback,
                     in_quotes(absolute) + " is older than the release in use that it replaced"};
    }
    return {};
  }
  if (no_verdict(opened.code())) return std::move(opened).status();
  if (opened.code() == Errc::kNotFound) return {};
  if (opened.code() == Errc::kNoManifest && is_directory && !ours) return {};
  if (opened.code() == Errc::kNotAnArchive && !ours) {
    // What other readers might take for an archive is refused, so that they are never asked.
    const Result<bool> resembles = resembles_archive(absolute);
    if (!resembles.ok() && no_verdict(resembles.code())) return resembles.status();
    if (resembles.ok() ? !*resembles : resembles.code() == Errc::kNotFound) return {};
  }
  out.verdict = Verdict::kRefused;
  out.refusal = std::move(opened).status();
  return {};
}

void Registry::look_again(const std::string& absolute) {
  const ProcessLock lock;
  const auto found = decisions_.find(absolute);
  if (found != decisions_.end()) found->second.look_again = true;
}

bool Registry::knows_file(const std::string& absolute) const {
  const ProcessLock lock;
  const auto found = decisions_.find(absolute);
  if (found == decisions_.end() || found->second.verdict == Verdict::kNothing) return false;
  return !found->second.identity || !found->second.identity->is_directory;
}

void Registry::protect(const std::string& absolute) {
  const std::string resolved = resolved_path(absolute);
  const ProcessLock lock;
  add_root(absolute, resolved);
}

std::optional<Registry::Below> Registry::root_of(const std::string& absolute) const {
  std::vector<Root> roots;
  {
    const ProcessLock lock;
    roots = roots_;
  }
  if (roots.empty()) return std::nullopt;
  const std::string resolved = resolved_path(absolute);
  const Root* longest = nullptr;
  for (const Root& root : roots) {
    const bool covers =
        is_at_or_below(absolute, root.absolute) || is_at_or_below(resolved, root.resolved);
    if (covers && (longest == nullptr || root.resolved.size() > longest->resolved.size())) {
      longest = &root;
    }
  }
  if (longest == nullptr) return std::nullopt;
  if (is_at_or_below(absolute, longest->absolute)) {
    return Below{longest->absolute, below(absolute, longest->absolute)};
  }
  return Below{longest->absolute, below(resolved, longest->resolved)};
}

std::vector<std::string> Registry::roots() const {
  const ProcessLock lock;
  std::vector<std::string> out;
  out.reserve(roots_.size());
  for (const Root& root : roots_) out.push_back(root.absolute);
  return out;
}

std::vector<OpenedArchive> Registry::in_use() const {
  const ProcessLock lock;
  std::vector<OpenedArchive> out;
  for (const auto& [path, decision] : decisions_) {
    if (decision.verdict == Verdict::kOpened) out.push_back(decision.opened);
  }
  return out;
}

void Registry::remember_spelling(const std::string& spelled, const std::string& absolute) {
  const ProcessLock lock;
  spellings_.insert_or_assign(spelled, absolute);
}

std::optional<std::string> Registry::meaning_of(const std::string& spelled) const {
  const ProcessLock lock;
  const auto found = spellings_.find(spelled);
  if (found == spellings_.end()) return std::nullopt;
  return found->second;
}

std::optional<Registry::Identity> Registry::identify(const std::string& absolute) {
  struct stat found{};
  if (absolute.find('\0') != std::string::npos || ::stat(absolute.c_str(), &found) != 0) {
    return std::nullopt;
  }
  const bool is_directory = S_ISDIR(found.st_mode);
  if (is_directory) {
    // A directory's content is what its manifest says; the directory's own times say nothing.
    const std::string manifest = absolute + '/' + std::string(kManifestName);
    if (::stat(manifest.c_str(), &found) != 0) found = {};
  }
  return Identity{static_cast<std::uint64_t>(found.st_dev),
                  static_cast<std::uint64_t>(found.st_ino),
                  static_cast<std::uint64_t>(found.st_size),
                  nanoseconds(found.st_mtim),
                  nanoseconds(found.st_ctim),
                  is_directory};
}

Result<OpenedArchive> Registry::answer(const Decision& decision) {
  if (decision.verdict == Verdict::kRefused) return decision.refusal;
  return decision.opened;
}

bool Registry::holds(const Decision& decision) const {
  switch (decision.verdict) {
    case Verdict::kNothing:
    case Verdict::kOpened:
      return decision.number != 0 && !decision.look_again && decision.policy_count >= replaced_at_;
    case Verdict::kRefused:
      return decision.policy_count == policy_count_;
  }
  return false;
}

void Registry::add_root(const std::string& absolute, const std::string& resolved) {
  const auto same = [&](const Root& root) { return root.absolute == absolute; };
  if (std::none_of(roots_.begin(), roots_.end(), same)) roots_.push_back({absolute, resolved});
}

}  // namespace signedvfs
