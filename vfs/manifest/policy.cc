#include "vfs/manifest/policy.h"

#include <chrono>

namespace signedvfs {
namespace {

bool is_fingerprint(const std::string& text) {
  return Digest::from_hex(HashType::kSha256, text).has_value();
}

}  // namespace

std::int64_t system_clock_seconds() noexcept {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::floor<std::chrono::seconds>(since_1970).count();
}

Status TrustPolicy::validate() const {
  if (threshold < 1) {
    return {Errc::kUsage, "threshold " + std::to_string(threshold) + ": it must be at least 1"};
  }
  if (!keys.empty() && static_cast<std::size_t>(threshold) > keys.size()) {
    return {Errc::kUsage, "threshold " + std::to_string(threshold) + " cannot be reached by " +
                              std::to_string(keys.size()) + " keys"};
  }
  std::set<std::string_view> seen;
  for (const TrustedKey& trusted : keys) {
    const std::string& fingerprint = trusted.key.fingerprint();
    if (!seen.insert(fingerprint).second) {
      return {Errc::kUsage, "the key " + fingerprint + " is given twice"};
    }
    SIGNEDVFS_TRY(trusted.scope.validate().in(fingerprint));
  }
  for (const std::string& fingerprint : revoked) {
    if (!is_fingerprint(fingerprint)) {
      return {Errc::kUsage, in_quotes(fingerprint) +
                                " in `revoked` is no fingerprint: 64 lower-case hexadecimal "
                                "digits, as `signedvfs key` prints them"};
    }
  }
  if (!now) return {Errc::kUsage, "`now` is empty: give a clock"};
  return {};
}

}  // namespace signedvfs
