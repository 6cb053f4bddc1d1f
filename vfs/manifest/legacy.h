// Manifests as signedimp 0.3 itself wrote them, before this project:
//
//   <fingerprint> <base64 of "pss-sha1:" and the signature>   one line per signature
//                                                             one empty line
//   sha1                                                      or md5
//   <digest> <path>                                           one line per file; the last has no LF
//
// The fingerprint is the SHA-1 of "RSAKey N E", the numbers in decimal. The signature covers
// everything behind the empty line: RSASSA-PSS with SHA-1, MGF1 with SHA-1 and 8 bytes of salt
// (RFC 8017 section 8.1). Both hashes have known collisions: whoever has a file of theirs signed
// can prepare another one that the signature fits. Such manifests are read only under
// `TrustPolicy::legacy`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "vfs/manifest/manifest.h"
#include "vfs/manifest/policy.h"
#include "vfs/manifest/text.h"

namespace signedvfs {

// is_legacy_manifest tells whether `text` begins with a signature of the old kind, names one of the
// two old hash types and declares nothing newer: a text with an `@` line in its header never is
// one.
bool is_legacy_manifest(std::string_view text) noexcept;

// kSignedTwice is what to do with an archive that signedimp signed more than once: it appended a
// second manifest, and a second signature by the same key, instead of replacing the first.
inline constexpr std::string_view kSignedTwice =
    "If signedimp signed it more than once, let 'signedvfs unsign' drop its manifests, and sign it "
    "anew.";

// LegacyManifest is one whose signatures satisfied a policy; it borrows from its text.
struct LegacyManifest {
  // Signatures by the policy's keys have these keys' own fingerprints, others those of the file.
  ManifestParts parts;
  std::vector<std::string> signers;  // as `check_signatures` gives them
  HashType hash_type = HashType::kLegacySha1;
  std::vector<Entry> entries;  // in byte order of their paths; directories are left out
};

// check_legacy_manifest checks the signatures of `text` under `policy` and parses it after that.
// Fails as `Manifest::check` does.
Result<LegacyManifest> check_legacy_manifest(std::string_view text, const TrustPolicy& policy,
                                             const Limits& limits, PathRules rules);

}  // namespace signedvfs
