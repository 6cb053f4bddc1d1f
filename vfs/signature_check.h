// Whether enough of a policy's keys have signed. Private to vfs/.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "archive/status.h"
#include "vfs/manifest.h"
#include "vfs/policy.h"

namespace signedvfs {

// SignatureCheck looks for the line's key among the policy's and checks the signature. It returns
// the key, null where none of them is meant, or what is wrong with the signature.
using SignatureCheck = std::function<Result<const PublicKey*>(const Signature& line)>;

// check_signatures requires what `policy` wants of `lines`, and returns the fingerprints of the
// policy's keys that signed, in the order of the lines. Every line by a key of the policy is
// checked, also where the threshold is reached without it: a false one means that somebody has been
// at the file. Fails with `kNoTrustedKey`, `kKeyRevoked`, or as `check` does.
Result<std::vector<std::string>> check_signatures(const std::vector<Signature>& lines,
                                                  const TrustPolicy& policy,
                                                  const SignatureCheck& check);

}  // namespace signedvfs
