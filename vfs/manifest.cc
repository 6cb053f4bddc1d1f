// The order of checking: signatures, header, attributes, member lines.
#include "vfs/manifest.h"

#include <algorithm>
#include <utility>

#include "vfs/legacy_manifest.h"
#include "vfs/manifest_text.h"
#include "vfs/rfc3339.h"
#include "vfs/signature_check.h"

namespace signedvfs {
namespace {

constexpr std::string_view kDomain{"signedvfs manifest v1\0", 22};

// key_of returns the policy's key that `signature` names, after checking that it signed `parts`.
Result<const PublicKey*> key_of(const Signature& signature, const ManifestParts& parts,
                                const TrustPolicy& policy) {
  for (const PublicKey& key : policy.keys) {
    if (key.fingerprint() != signature.fingerprint) continue;
    SIGNEDVFS_ASSIGN(const std::string message, signed_message(parts.header));
    SIGNEDVFS_TRY(key.check(bytes_of(message), signature.value));
    return &key;
  }
  return nullptr;
}

Status check_identity(const Attributes& attributes, const TrustPolicy& policy) {
  const std::string name = attributes.name.value_or("");
  const std::string shown = attributes.name ? in_quotes(name) : "no name";
  if (policy.names && (!attributes.name || policy.names->count(name) == 0)) {
    std::string allowed;
    for (const std::string& one : *policy.names) {
      allowed += (allowed.empty() ? "" : ", ") + in_quotes(one);
    }
    return {Errc::kWrongName, "signed as " + shown + " where the policy wants " +
                                  (allowed.empty() ? "a name but allows none" : allowed)};
  }
  auto minimum = policy.min_serial.find(name);
  if (minimum == policy.min_serial.end()) minimum = policy.min_serial.find("");
  const std::uint64_t serial = attributes.serial.value_or(0);
  if (minimum != policy.min_serial.end() && serial < minimum->second) {
    return {Errc::kRollback, "serial " + std::to_string(serial) + " where the policy wants " +
                                 std::to_string(minimum->second) +
                                 " at least: an older release has been put in place"};
  }
  return {};
}

Status check_times(const Attributes& attributes, std::int64_t now) {
  if (attributes.not_before && now < *attributes.not_before) {
    return {Errc::kNotYetValid, "valid from " + format_utc(*attributes.not_before) +
                                    " on, but it is " + format_utc(now) + "; is the clock right?"};
  }
  if (attributes.expires && now >= *attributes.expires) {
    return {Errc::kExpired, "expired at " + format_utc(*attributes.expires) + ", and it is " +
                                format_utc(now) + "; get a newer release, or sign it again"};
  }
  return {};
}

// first_not_before returns the first of the sorted entries whose path is not before `directory`
// followed by `separator`, which needs no memory to be compared with.
std::vector<Entry>::const_iterator first_not_before(const std::vector<Entry>& all,
                                                    std::string_view directory, char separator) {
  const auto is_before = [separator](const Entry& entry, std::string_view wanted) {
    const std::string_view path = entry.path();
    const int order = path.substr(0, wanted.size()).compare(wanted);
    if (order != 0) return order < 0;
    return path.size() == wanted.size() ||
           static_cast<unsigned char>(path[wanted.size()]) < static_cast<unsigned char>(separator);
  };
  return std::lower_bound(all.begin(), all.end(), directory, is_before);
}

bool is_below(const Entry& entry, std::string_view directory) noexcept {
  const std::string_view path = entry.path();
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

}  // namespace

struct Manifest::State {
  Buffer text;
  ManifestParts parts;
  Header header;
  std::vector<std::string> signers;
  std::vector<Entry> entries;
};

Manifest::Manifest(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Manifest::Manifest(Manifest&&) noexcept = default;
Manifest& Manifest::operator=(Manifest&&) noexcept = default;
Manifest::~Manifest() = default;

Result<std::string> signed_message(std::string_view header) {
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(HashType::kSha256, bytes_of(header)));
  return std::string(kDomain).append(text_of(digest.value()));
}

Result<Manifest> Manifest::check(Buffer text, const TrustPolicy& policy, const Limits& limits,
                                 PathRules rules) {
  SIGNEDVFS_TRY(policy.validate());
  auto state = std::make_unique<State>();
  state->text = std::move(text);
  ManifestParts& parts = state->parts;
  const std::string_view whole = text_of(std::as_const(state->text).bytes());
  if (is_legacy_manifest(whole)) {
    SIGNEDVFS_ASSIGN(LegacyManifest legacy, check_legacy_manifest(whole, policy, limits, rules));
    SIGNEDVFS_TRY(check_identity({}, policy));
    parts = std::move(legacy.parts);
    state->signers = std::move(legacy.signers);
    state->header.hash_type = legacy.hash_type;
    state->entries = std::move(legacy.entries);
    return Manifest(std::move(state));
  }
  SIGNEDVFS_ASSIGN(parts, split_manifest(whole, limits));
  SIGNEDVFS_ASSIGN(state->signers,
                   check_signatures(parts.signatures, policy, [&](const Signature& line) {
                     return key_of(line, parts, policy);
                   }));

  SIGNEDVFS_ASSIGN(state->header, parse_header(parts.header));
  SIGNEDVFS_TRY(check_identity(state->header.attributes, policy));
  SIGNEDVFS_TRY(check_times(state->header.attributes, policy.now()));

  SIGNEDVFS_ASSIGN(const Digest body, digest_of(HashType::kSha256, bytes_of(parts.body)));
  if (body != state->header.body) {
    return Status(Errc::kManifestMismatch, "the member lines have the SHA-256 " + body.hex() +
                                               " where " + state->header.body.hex() +
                                               " was signed");
  }
  SIGNEDVFS_ASSIGN(state->entries, parse_body(parts.body, state->header, limits, rules));
  return Manifest(std::move(state));
}

HashType Manifest::hash_type() const noexcept { return state_->header.hash_type; }
const Attributes& Manifest::attributes() const& noexcept { return state_->header.attributes; }
const std::vector<std::string>& Manifest::signers() const& noexcept { return state_->signers; }
const std::vector<Signature>& Manifest::signatures() const& noexcept {
  return state_->parts.signatures;
}
const std::vector<Entry>& Manifest::entries() const& noexcept { return state_->entries; }
std::string_view Manifest::header() const& noexcept { return state_->parts.header; }

const Entry* Manifest::find(std::string_view path) const noexcept {
  const std::vector<Entry>& all = state_->entries;
  const auto at = std::lower_bound(
      all.begin(), all.end(), path,
      [](const Entry& entry, std::string_view wanted) { return entry.path() < wanted; });
  return at != all.end() && at->path() == path ? &*at : nullptr;
}

bool Manifest::has_directory(std::string_view path) const noexcept {
  if (path.empty()) return true;
  const auto at = first_not_before(state_->entries, path, '/');
  return at != state_->entries.end() && is_below(*at, path);
}

std::vector<DirectoryItem> Manifest::list(std::string_view path) const {
  constexpr char kAfterSeparator = '/' + 1;
  const std::vector<Entry>& all = state_->entries;
  const std::size_t begin = path.empty() ? 0 : path.size() + 1;
  std::vector<DirectoryItem> out;
  auto at = path.empty() ? all.begin() : first_not_before(all, path, '/');
  while (at != all.end() && (path.empty() || is_below(*at, path))) {
    const std::string_view whole = at->path();
    const std::size_t slash = whole.find('/', begin);
    const bool is_directory = slash != std::string_view::npos;
    out.push_back({whole.substr(begin, is_directory ? slash - begin : slash), is_directory});
    at = is_directory ? first_not_before(all, whole.substr(0, slash), kAfterSeparator) : at + 1;
  }
  return out;
}

}  // namespace signedvfs
