#include "importer/finders/registry.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "archive/os/file_status.h"
#include "importer/finders/serial_floors.h"
#include "importer/paths/archive_names.h"
#include "importer/paths/text.h"
#include "importer/python/process_lock.h"

namespace signedvfs {
namespace {

// no_verdict tells whether a failure says nothing about content, so that asking again makes sense.
bool no_verdict(Errc code) noexcept {
  return code == Errc::kIo || code == Errc::kNoDecoder || code == Errc::kCrypto;
}

// Basis is what a refusal goes back to, and so what makes it worth asking again.
enum class Basis : std::uint8_t {
  kContent,    // what the archive is: never
  kPolicy,     // what the policy, or the limits, say: when they are replaced
  kSignature,  // too few keys that are trusted: also when one is added
};

Basis basis_of(Errc code) noexcept {
  switch (code) {
    case Errc::kNoTrustedKey:
      return Basis::kSignature;
    case Errc::kTooLarge:
    case Errc::kWeakHash:
    case Errc::kKeyRevoked:
    case Errc::kWrongName:
    case Errc::kRollback:
    case Errc::kNotYetValid:
    case Errc::kExpired:
      return Basis::kPolicy;
    default:
      return Basis::kContent;
  }
}

// once_more is a refusal for those who ask again, perhaps because they have mended the file.
Status once_more(const Status& refusal) {
  std::string what = refusal.what();
  switch (basis_of(refusal.code())) {
    case Basis::kContent:
      what +=
          " (so it was when this process first looked, and the path stays refused; a new "
          "release needs a new file name, or a new process)";
      break;
    case Basis::kPolicy:
      what += " (so it was when this process first looked, and it stays refused under this policy)";
      break;
    case Basis::kSignature:
      break;
  }
  return Status(refusal.code(), std::move(what)).about(refusal.member()).beyond(refusal.limit());
}

Status nothing_there(const std::string& absolute, bool was_in_use) {
  return {Errc::kNotFound, in_quotes(absolute) +
                               " is missing, where a signed archive or directory " +
                               (was_in_use ? "was in use" : "is expected") +
                               "; importlib.invalidate_caches() looks again"};
}

}  // namespace

std::optional<Result<OpenedArchive>> Registry::standing(const std::string& absolute) const {
  const ProcessLock lock;
  const auto found = decisions_.find(absolute);
  if (found == decisions_.end() || !holds(found->second)) return std::nullopt;
  if (found->second.verdict == Verdict::kRefused) return once_more(found->second.refusal);
  return answer(absolute, found->second);
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
  const std::vector<std::string> places = places_of(absolute);
  Result<OpenedArchive> found = find(absolute, places, trust, count);
  if (territory_ != nullptr && found.ok() && found->vfs != nullptr) {
    territory_->add(absolute, places, found->is_directory,
                    {found->vfs, trust, found->is_own_library});
  }
  return found;
}

Result<OpenedArchive> Registry::find(const std::string& absolute,
                                     const std::vector<std::string>& places, const Trust& trust,
                                     std::uint64_t count) {
  std::optional<Decision> before;
  Decision decision;
  bool replaced = false;
  {
    const ProcessLock lock;
    if (const auto found = decisions_.find(absolute); found != decisions_.end()) {
      before = found->second;
      replaced = before->policy_count < replaced_at_;
    }
    if (const Status* const refusal = refusal_at(places)) {
      decision.verdict = Verdict::kRefused;
      decision.refusal = *refusal;
    }
  }
  decision.identity = identify(absolute);
  if (before) decision.last_in_use = before->last_in_use;
  const bool is_same = before && before->verdict == Verdict::kOpened && !replaced &&
                       decision.identity == before->identity;
  if (is_same) {
    decision.verdict = Verdict::kOpened;
    decision.opened = before->opened;
  } else if (decision.verdict != Verdict::kRefused) {
    SIGNEDVFS_TRY(decide(absolute, trust, decision));
    SIGNEDVFS_TRY(admit(places, decision));
  }
  decision.policy_count = count;

  const ProcessLock lock;
  Decision& kept = decisions_[absolute];
  // Another thread may have answered meanwhile; everybody gets the first answer.
  if (kept.number != (before ? before->number : 0) && holds(kept)) return answer(absolute, kept);
  decision.number = ++decision_count_;
  std::swap(kept, decision);  // what was there before is destroyed after the lock is gone
  const bool is_known = refusal_at(places) != nullptr;
  note(absolute, places, kept);
  if (is_known && kept.verdict == Verdict::kRefused) return once_more(kept.refusal);
  return answer(absolute, kept);
}

// note keeps what a decision says about the places it was made at, in whatever spelling these are
// asked for. Only what was opened is a tree: who drops a manifest somewhere makes nothing of it.
void Registry::note(const std::string& absolute, const std::vector<std::string>& places,
                    const Decision& decision) {
  if (decision.verdict == Verdict::kAbsent) return;
  if (decision.identity && decision.identity->is_directory) {
    if (decision.verdict == Verdict::kOpened) add_root({absolute, places});
    return;
  }
  archive_places_.insert(places.begin(), places.end());
  const bool is_final =
      decision.verdict == Verdict::kRefused && basis_of(decision.refusal.code()) == Basis::kContent;
  if (!is_final) return;
  for (const std::string& place : places) refused_places_.emplace(place, decision.refusal);
}

const Status* Registry::refusal_at(const std::vector<std::string>& places) const {
  for (const std::string& place : places) {
    const auto found = refused_places_.find(place);
    if (found != refused_places_.end()) return &found->second;
  }
  return nullptr;
}

// decide opens what stands at `absolute`, and fails where the operating system decides nothing.
Status Registry::decide(const std::string& absolute, const Trust& trust, Decision& out) {
  const bool has_name = absolute.find('\0') == std::string::npos;
  if (!has_name) return {};
  Result<std::shared_ptr<const SignedVfs>> opened = SignedVfs::open(absolute, trust);
  if (opened.ok()) {
    const bool is_directory = out.identity && out.identity->is_directory;
    out.verdict = Verdict::kOpened;
    out.opened = {std::move(opened).value(), is_directory, nullptr};
    out.opened.prefetch = Prefetch::create(out.opened.vfs, absolute);
    return {};
  }
  if (no_verdict(opened.code())) return std::move(opened).status();
  if (opened.code() == Errc::kNotFound) return {};
  out.verdict = Verdict::kRefused;
  out.refusal = std::move(opened).status();
  const bool is_directory = out.identity && out.identity->is_directory;
  if (out.refusal.code() == Errc::kNoManifest && is_directory && has_archive_name(absolute)) {
    out.refusal = {Errc::kNoManifest, in_quotes(absolute) +
                                          " is a directory where, by its name, an archive "
                                          "belongs, and nobody has signed it"};
  }
  return {};
}

// admit refuses what was opened where the process has seen a later release of it.
Status Registry::admit(const std::vector<std::string>& places, Decision& out) const {
  if (out.verdict != Verdict::kOpened) return {};
  Status admitted = SerialFloors::of_process().admit(scope_, *out.opened.vfs, places);
  if (admitted.ok()) {
    out.last_in_use = out.opened.vfs;
    return {};
  }
  out.verdict = Verdict::kRefused;
  out.opened = {};
  out.refusal = std::move(admitted);
  return {};
}

void Registry::adopt(const std::string& absolute, std::vector<std::string> apart,
                     const std::shared_ptr<const SignedVfs>& vfs, const Trust& trust,
                     bool is_own_library) {
  const std::vector<std::string> places = places_of(absolute);
  Decision decision;
  decision.verdict = Verdict::kOpened;
  decision.is_adopted = true;
  decision.last_in_use = vfs;
  decision.opened = {vfs, true, Prefetch::create(vfs, absolute), is_own_library};
  const ProcessLock lock;
  decision.number = ++decision_count_;
  if (apart.empty()) adopted_.push_back({absolute, {vfs, trust, is_own_library}});
  std::swap(decisions_[absolute], decision);
  add_root({absolute, places, std::move(apart)});
}

Status Registry::adopt_archive(const std::string& absolute,
                               const std::shared_ptr<const SignedVfs>& vfs, const Trust& trust) {
  const std::vector<std::string> places = places_of(absolute);
  Decision decision;
  decision.verdict = Verdict::kOpened;
  decision.is_adopted = true;
  decision.opened = {vfs, false, Prefetch::create(vfs, absolute)};
  SIGNEDVFS_TRY(admit(places, decision));
  if (decision.verdict != Verdict::kOpened) return decision.refusal;
  if (territory_ != nullptr) territory_->add(absolute, places, false, {vfs, trust});
  const ProcessLock lock;
  decision.number = ++decision_count_;
  archive_places_.insert(places.begin(), places.end());
  std::swap(decisions_[absolute], decision);
  return {};
}

void Registry::occupy() {
  std::vector<Adopted> adopted;
  {
    const ProcessLock lock;
    adopted = adopted_;
  }
  if (territory_ == nullptr) return;
  for (const Adopted& one : adopted) {
    territory_->add(one.absolute, places_of(one.absolute), true, one.in_use);
  }
}

void Registry::may_be_missing(const std::string& absolute) {
  const ProcessLock lock;
  may_be_missing_.insert(absolute);
}

void Registry::look_again(const std::string& absolute) {
  const ProcessLock lock;
  const auto found = decisions_.find(absolute);
  if (found != decisions_.end()) found->second.look_again = true;
}

std::shared_ptr<const SignedVfs> Registry::last_in_use(const std::string& absolute) const {
  const ProcessLock lock;
  const auto found = decisions_.find(absolute);
  return found == decisions_.end() ? nullptr : found->second.last_in_use;
}

std::unordered_set<std::string> Registry::known_names(const std::string& absolute) const {
  const ProcessLock lock;
  const auto found = names_of_parent_.find(absolute);
  return found == names_of_parent_.end() ? std::unordered_set<std::string>() : found->second;
}

std::vector<Refusal> Registry::refusals() const {
  const ProcessLock lock;
  std::vector<Refusal> out;
  out.reserve(refused_places_.size());
  for (const auto& [place, reason] : refused_places_) out.push_back({place, reason});
  return out;
}

void Registry::refuse(const Refusal& refusal) {
  const ProcessLock lock;
  archive_places_.insert(refusal.place);
  refused_places_.emplace(refusal.place, refusal.reason);
}

std::vector<std::string> Registry::archive_places() const {
  const ProcessLock lock;
  return {archive_places_.begin(), archive_places_.end()};
}

void Registry::add_archive_place(const std::string& place) {
  const ProcessLock lock;
  archive_places_.insert(place);
}

std::map<std::string, std::vector<std::string>> Registry::used_names() const {
  std::map<std::string, std::shared_ptr<const SignedVfs>> used;
  std::map<std::string, std::vector<std::string>> out;
  {
    const ProcessLock lock;
    for (const auto& [absolute, decision] : decisions_) {
      if (decision.last_in_use != nullptr) used.emplace(absolute, decision.last_in_use);
    }
    for (const auto& [absolute, names] : names_of_parent_) {
      out[absolute].assign(names.begin(), names.end());
    }
  }
  for (const auto& [absolute, vfs] : used) {
    const auto items = vfs->listing().list("");
    if (!items.ok()) continue;  // a child finds out by itself what is wrong there
    for (const DirectoryItem& item : *items) out[absolute].emplace_back(item.name);
  }
  return out;
}

void Registry::add_used_names(const std::string& absolute, const std::vector<std::string>& names) {
  const ProcessLock lock;
  names_of_parent_[absolute].insert(names.begin(), names.end());
}

bool Registry::knows_file(const std::string& place) const {
  const ProcessLock lock;
  return archive_places_.contains(place);
}

void Registry::protect(const std::string& absolute) { protect({absolute, places_of(absolute)}); }

void Registry::protect(const Root& root) {
  const ProcessLock lock;
  add_root(root);
}

std::optional<Registry::Below> Registry::root_over(const PathWalk& walk) const {
  const ProcessLock lock;
  for (auto place = walk.places.rbegin(); place != walk.places.rend(); ++place) {
    for (const Root& root : roots_) {
      if (std::find(root.places.begin(), root.places.end(), place->path) == root.places.end()) {
        continue;
      }
      auto rest = walk.rest_of(*place);
      if (!rest) continue;
      const bool is_apart =
          std::any_of(root.apart.begin(), root.apart.end(),
                      [&](const std::string& apart) { return is_at_or_below(*rest, apart); });
      if (!is_apart) return Below{root.absolute, *std::move(rest)};
    }
  }
  return std::nullopt;
}

std::vector<Root> Registry::roots() const {
  const ProcessLock lock;
  return roots_;
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
  spellings_.emplace(spelled, absolute);
}

std::vector<std::pair<std::string, std::string>> Registry::spellings() const {
  const ProcessLock lock;
  return {spellings_.begin(), spellings_.end()};
}

std::optional<std::string> Registry::meaning_of(const std::string& spelled) const {
  const ProcessLock lock;
  const auto found = spellings_.find(spelled);
  if (found == spellings_.end()) return std::nullopt;
  return found->second;
}

std::optional<Registry::Identity> Registry::identify(const std::string& absolute) {
  FileStatus found = status_of(absolute);
  if (!found.ok()) return std::nullopt;
  const bool is_directory = found.is_directory();
  if (is_directory) {
    // A directory's content is what its manifest says; the directory's own times say nothing.
    found = status_of(absolute + '/' + std::string(kManifestName));
  }
  return Identity{found.device,   found.inode,   found.size,
                  found.modified, found.changed, is_directory};
}

Result<OpenedArchive> Registry::answer(const std::string& absolute,
                                       const Decision& decision) const {
  switch (decision.verdict) {
    case Verdict::kOpened:
      return decision.opened;
    case Verdict::kRefused:
      return decision.refusal;
    case Verdict::kAbsent:
      break;
  }
  const bool was_in_use = decision.last_in_use != nullptr;
  if (!was_in_use && may_be_missing_.contains(absolute)) return OpenedArchive();
  return nothing_there(absolute, was_in_use);
}

bool Registry::holds(const Decision& decision) const {
  if (decision.number == 0) return false;
  if (decision.is_adopted) return true;
  switch (decision.verdict) {
    case Verdict::kAbsent:
      return !decision.look_again;
    case Verdict::kOpened:
      return !decision.look_again && decision.policy_count >= replaced_at_;
    case Verdict::kRefused:
      break;
  }
  switch (basis_of(decision.refusal.code())) {
    case Basis::kContent:
      return true;
    case Basis::kPolicy:
      return decision.policy_count >= replaced_at_;
    case Basis::kSignature:
      return decision.policy_count == policy_count_;
  }
  return true;
}

void Registry::add_root(const Root& root) {
  const auto known = std::find_if(roots_.begin(), roots_.end(), [&](const Root& other) {
    return other.absolute == root.absolute;
  });
  if (known == roots_.end()) {
    roots_.push_back(root);
  } else {
    std::vector<std::string>& places = known->places;
    for (const std::string& place : root.places) {
      if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
  }
}

}  // namespace signedvfs
