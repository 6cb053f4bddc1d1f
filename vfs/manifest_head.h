// The part of a manifest that its signatures cover, and the checks that come before all others.
#pragma once

#include <string>
#include <vector>

#include "archive/status.h"
#include "vfs/manifest_text.h"
#include "vfs/policy.h"

namespace signedvfs {

// ManifestHead is a header whose signatures satisfied a policy.
struct ManifestHead {
  std::string text;  // of the header
  Header header;
  std::vector<Signature> signatures;  // all lines, those of unknown keys included
  std::vector<std::string> signers;  // fingerprints of the policy's keys, in the order of the lines
};

// check_head checks the signatures of `parts` under `policy`, and only then parses the header and
// holds its attributes to `policy`. The member lines are not looked at. Fails with the code of the
// first thing that is wrong.
Result<ManifestHead> check_head(const ManifestParts& parts, const TrustPolicy& policy);

// check_identity requires the name and serial number that `policy` wants. Fails with `kWrongName`
// or `kRollback`.
Status check_identity(const Attributes& attributes, const TrustPolicy& policy);

}  // namespace signedvfs
