// Signatures that were made elsewhere, put on what they cover.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "vfs/crypto/public_key.h"
#include "vfs/signing/signer.h"

namespace signedvfs {

// AttachRequest says which signatures belong to what. Of each signature it is known which key it is
// by, or (an empty fingerprint) found out by checking it under all of them.
struct AttachRequest {
  std::string path;                      // an archive or a directory
  std::optional<std::string> output;     // as in SignRequest
  std::optional<std::string> statement;  // the header text that was signed; default: that of the
                                         // manifest which stands there
  std::vector<Signature> signatures;     // at least one; for their form see `fitting_signature`
  std::vector<PublicKey> keys;           // whose signatures are taken
  std::optional<std::int64_t> at;        // as in SignRequest
  Limits limits;
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;  // as in SignRequest
};

// attach does what `sign` does with the same promises, where the signatures are there already: it
// draws up the statement anew from the content, wants it to be the one that was signed, and wants
// each signature to fit it and one of `keys`. Signatures that stand on this very statement already
// are kept. Fails with `kSignerFailed` for a signature that does not fit, with `kUsage` for one by
// a key that is not given, for two by one key, and where the statement is another one.
Result<SignReport> attach(const AttachRequest& request);

}  // namespace signedvfs
