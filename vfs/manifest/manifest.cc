// The signed header first, then the member lines that it commits to.
#include "vfs/manifest/manifest.h"

#include <algorithm>
#include <utility>

#include "vfs/manifest/legacy.h"
#include "vfs/manifest/signed_header.h"
#include "vfs/manifest/text.h"

namespace signedvfs {

struct Manifest::State {
  Buffer text;  // all of it, or the member lines alone
  bool has_lines_only = false;
  SignedHeader header;
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
    state->header.text = legacy.parts.header;
    state->header.fields.hash_type = legacy.hash_type;
    state->header.fields.members = legacy.entries.size();
    state->header.signatures = std::move(legacy.parts.signatures);
    state->header.signers = std::move(legacy.signers);
    state->entries = std::move(legacy.entries);
    return Manifest(std::move(state));
  }
  SIGNEDVFS_ASSIGN(const ManifestParts parts, split_manifest(whole, limits));
  SIGNEDVFS_ASSIGN(state->header, check_header(parts, policy));
  SIGNEDVFS_TRY(check_lines(*state, parts.body, limits, rules));
  return Manifest(std::move(state));
}

Result<Manifest> Manifest::complete(const SignedHeader& header, Buffer lines,
                                    const Limits& limits) {
  auto state = std::make_unique<State>();
  state->text = std::move(lines);
  state->has_lines_only = true;
  state->header = header;
  SIGNEDVFS_TRY(
      check_lines(*state, text_of(std::as_const(state->text).bytes()), limits, PathRules::kApply));
  return Manifest(std::move(state));
}

Status Manifest::check_lines(State& state, std::string_view lines, const Limits& limits,
                             PathRules rules) {
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(HashType::kSha256, bytes_of(lines)));
  if (digest != state.header.fields.body) {
    return {Errc::kManifestMismatch, "the member lines have the SHA-256 " + digest.hex() +
                                         " where " + state.header.fields.body.hex() +
                                         " was signed"};
  }
  SIGNEDVFS_ASSIGN(state.entries, parse_body(lines, state.header.fields, limits, rules));
  return check_roots(state.entries, state.header.fields.attributes.roots);
}

const SignedHeader& Manifest::signed_header() const& noexcept { return state_->header; }
HashType Manifest::hash_type() const noexcept { return signed_header().fields.hash_type; }
const Attributes& Manifest::attributes() const& noexcept {
  return signed_header().fields.attributes;
}
const std::vector<std::string>& Manifest::signers() const& noexcept {
  return signed_header().signers;
}
const std::vector<Signature>& Manifest::signatures() const& noexcept {
  return signed_header().signatures;
}
const std::vector<Entry>& Manifest::entries() const& noexcept { return state_->entries; }
std::string_view Manifest::header() const& noexcept { return signed_header().text; }

std::string Manifest::text() const {
  const std::string_view kept = text_of(std::as_const(state_->text).bytes());
  if (!state_->has_lines_only) return std::string(kept);
  return encode_manifest(state_->header.signatures, state_->header.text, kept);
}

const Entry* Manifest::find(std::string_view path) const noexcept {
  const std::vector<Entry>& all = state_->entries;
  const auto at = std::lower_bound(
      all.begin(), all.end(), path,
      [](const Entry& entry, std::string_view wanted) { return entry.path() < wanted; });
  return at != all.end() && at->path() == path ? &*at : nullptr;
}

}  // namespace signedvfs
