// Whom to believe, and for what.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "vfs/manifest/native_rules.h"
#include "vfs/manifest/trusted_key.h"

namespace signedvfs {

// system_clock_seconds returns the seconds since 1970-01-01T00:00:00Z.
std::int64_t system_clock_seconds() noexcept;

// TrustPolicy says which archives may be used. The default trusts no key, so it refuses them all.
struct TrustPolicy {
  // keys are those that count, each within its scope: a signature outside of it counts as one by a
  // stranger.
  std::vector<TrustedKey> keys;

  // threshold is how many of `keys` must have signed; at least 1.
  int threshold = 1;

  // names are the `@name`s that are accepted; nothing: any, and none at all.
  std::optional<std::set<std::string>> names;

  // min_serial holds the lowest acceptable `@serial` by `@name`; the empty name is the minimum for
  // archives whose name is not in the map. An archive without a serial counts as 0.
  std::map<std::string, std::uint64_t> min_serial;

  // revoked holds fingerprints. A revoked key never counts, and an archive that claims a signature
  // by one is refused, whatever else it carries and whether or not that key is among `keys`.
  std::set<std::string> revoked;

  // legacy accepts manifests that signedimp itself made, with MD5 or SHA-1 (see legacy_manifest.h).
  bool legacy = false;

  // native is for extension modules, and for the libraries that they need.
  NativeRules native;

  // now is asked once per archive, when it is opened.
  std::function<std::int64_t()> now = system_clock_seconds;

  // validate fails with `kUsage` where the fields make no sense together: a threshold below 1 or
  // above the number of keys, two keys of one fingerprint, a scope with nothing inside, a malformed
  // fingerprint, no clock. No keys at all is valid, and trusts nothing.
  Status validate() const;
};

}  // namespace signedvfs
