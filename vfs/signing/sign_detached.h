// Signing directories that are left alone: the manifest is written outside of them.
#pragma once

#include <string>
#include <vector>

#include "archive/base/status.h"
#include "vfs/detached.h"
#include "vfs/signing/signer.h"

namespace signedvfs {

// sign_detached signs the files below `roots`, and writes the detached manifest `manifest` (see
// vfs/detached.h) in one step; nothing else is written. `request.path` is for messages; it has no
// output and no index. What a manifest cannot list (links that lead out of their root, special
// files) is left out, and reported. Where a root has a manifest of its own it stays what it is: the
// result must agree with it, and the same keys must have signed it. What stands at `manifest`
// already is carried over as `sign` does it. The result is checked, and each file read back, before
// it is put in place. Fails with `kUsage` where `manifest` would lie in one of the roots, or a role
// is no name for a root.
Result<SignReport> sign_detached(const SignRequest& request, const std::string& manifest,
                                 const std::vector<RootDirectory>& roots);

}  // namespace signedvfs
