// Whether enough of a policy's keys have signed. Private to vfs/.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "vfs/manifest/manifest.h"
#include "vfs/manifest/policy.h"

namespace signedvfs {

// SignatureCheck looks for the line's key among the policy's and checks the signature. It returns
// the key, null where none of them is meant, or what is wrong with the signature.
using SignatureCheck = std::function<Result<const PublicKey*>(const Signature& line)>;

// RevocationCheck says of a line whether a revoked key made it, without checking the signature: it
// fails with `kKeyRevoked`, also where that cannot be ruled out.
using RevocationCheck = std::function<Status(const Signature& line)>;

// refuse_revoked is that check for lines that name keys as `revoked` does.
Status refuse_revoked(const Signature& line, const TrustPolicy& policy);

// check_signatures requires what `policy` wants of `lines`, and returns the fingerprints of the
// policy's keys that signed, in the order of the lines, whatever their scopes, which are for
// `signers_in_scope` once the statement has been read. Every line is asked whether its key is
// revoked, and every line by a key of the policy is checked, also where the threshold is reached
// without it: a false one means that somebody has been at the file. Fails with `kNoTrustedKey`, or
// as `check_revoked` or `check` do.
Result<std::vector<std::string>> check_signatures(const std::vector<Signature>& lines,
                                                  const TrustPolicy& policy,
                                                  const RevocationCheck& check_revoked,
                                                  const SignatureCheck& check);

// signers_in_scope returns those of `signers` (policy's keys that signed a statement with these
// attributes) whose scope the statement is inside of at the moment `now`. Fails with
// `kNoTrustedKey`, saying which bounds were missed, where these are too few.
Result<std::vector<std::string>> signers_in_scope(const std::vector<std::string>& signers,
                                                  const TrustPolicy& policy,
                                                  const Attributes& attributes, std::int64_t now);

}  // namespace signedvfs
