// The part of a manifest that its signatures cover, and the checks that come before all others.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/policy.h"
#include "vfs/manifest/text.h"

namespace signedvfs {

// SignedHeader is a header whose signatures satisfied a policy.
struct SignedHeader {
  std::string text;  // of the header
  HeaderFields fields;
  std::vector<Signature> signatures;  // all lines, those of unknown keys included
  std::vector<std::string> signers;  // fingerprints of the policy's keys, in the order of the lines
};

// check_header checks the signatures of `parts` under `policy`, and only then parses the header and
// holds its attributes to `policy`. The member lines are not looked at. Fails with the code of the
// first thing that is wrong.
Result<SignedHeader> check_header(const ManifestParts& parts, const TrustPolicy& policy);

// signed_message returns what a key signs for the header text `header`.
Result<std::string> signed_message(std::string_view header);

// check_identity requires the name and serial number that `policy` wants. Fails with `kWrongName`
// or `kRollback`.
Status check_identity(const Attributes& attributes, const TrustPolicy& policy);

// check_attached requires that a manifest with `attributes` may stand in an archive or a directory:
// that it names no roots. Fails with `kWrongRoot`.
Status check_attached(const Attributes& attributes);

}  // namespace signedvfs
