// The head first, then the member lines that it commits to.
#include "vfs/manifest.h"

#include <algorithm>
#include <utility>

#include "vfs/legacy_manifest.h"
#include "vfs/manifest_head.h"

namespace signedvfs {

struct Manifest::State {
  Buffer text;
  ManifestHead head;
  std::vector<Entry> entries;  // borrowed from `text`
};

Manifest::Manifest(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Manifest::Manifest(Manifest&&) noexcept = default;
Manifest& Manifest::operator=(Manifest&&) noexcept = default;
Manifest::~Manifest() = default;

Result<Manifest> Manifest::check(Buffer text, const TrustPolicy& policy, const Limits& limits,
                                 PathRules rules) {
  SIGNEDVFS_TRY(policy.validate());
  auto state = std::make_unique<State>();
  state->text = std::move(text);
  const std::string_view whole = text_of(std::as_const(state->text).bytes());
  if (is_legacy_manifest(whole)) {
    SIGNEDVFS_ASSIGN(LegacyManifest legacy, check_legacy_manifest(whole, policy, limits, rules));
    SIGNEDVFS_TRY(check_identity({}, policy));
    state->head.text = legacy.parts.header;
    state->head.header.hash_type = legacy.hash_type;
    state->head.header.members = legacy.entries.size();
    state->head.signatures = std::move(legacy.parts.signatures);
    state->head.signers = std::move(legacy.signers);
    state->entries = std::move(legacy.entries);
    return Manifest(std::move(state));
  }
  SIGNEDVFS_ASSIGN(const ManifestParts parts, split_manifest(whole, limits));
  SIGNEDVFS_ASSIGN(state->head, check_head(parts, policy));
  SIGNEDVFS_TRY(check_lines(*state, parts.body, limits, rules));
  return Manifest(std::move(state));
}

Result<Manifest> Manifest::complete(const ManifestHead& head, Buffer lines, const Limits& limits) {
  auto state = std::make_unique<State>();
  state->text = std::move(lines);
  state->head = head;
  SIGNEDVFS_TRY(
      check_lines(*state, text_of(std::as_const(state->text).bytes()), limits, PathRules::kApply));
  return Manifest(std::move(state));
}

Status Manifest::check_lines(State& state, std::string_view lines, const Limits& limits,
                             PathRules rules) {
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(HashType::kSha256, bytes_of(lines)));
  if (digest != state.head.header.body) {
    return {Errc::kManifestMismatch, "the member lines have the SHA-256 " + digest.hex() +
                                         " where " + state.head.header.body.hex() + " was signed"};
  }
  SIGNEDVFS_ASSIGN(state.entries, parse_body(lines, state.head.header, limits, rules));
  return {};
}

const ManifestHead& Manifest::head() const& noexcept { return state_->head; }
HashType Manifest::hash_type() const noexcept { return head().header.hash_type; }
const Attributes& Manifest::attributes() const& noexcept { return head().header.attributes; }
const std::vector<std::string>& Manifest::signers() const& noexcept { return head().signers; }
const std::vector<Signature>& Manifest::signatures() const& noexcept { return head().signatures; }
const std::vector<Entry>& Manifest::entries() const& noexcept { return state_->entries; }
std::string_view Manifest::header() const& noexcept { return head().text; }

const Entry* Manifest::find(std::string_view path) const noexcept {
  const std::vector<Entry>& all = state_->entries;
  const auto at = std::lower_bound(
      all.begin(), all.end(), path,
      [](const Entry& entry, std::string_view wanted) { return entry.path() < wanted; });
  return at != all.end() && at->path() == path ? &*at : nullptr;
}

}  // namespace signedvfs
