// Signing archives and directories. Its own target: a verifier links none of this.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/limits.h"
#include "archive/status.h"
#include "vfs/manifest.h"
#include "vfs/private_key.h"

namespace signedvfs {

// SignRequest says what to sign and how. Unset attributes are taken from the existing manifest
// where one of `keys` has signed it, or where it already says all that is to be said; otherwise
// they stay unset.
struct SignRequest {
  std::string path;                   // an archive or a directory
  std::vector<PrivateKey> keys;       // at least one
  std::optional<std::string> output;  // archives: where to write; default: replace `path`
  HashType hash_type = HashType::kSha256;
  Attributes attributes;  // `order` and `prefix` are found by the signer, never given

  // index says whether an archive gets a signed index; default: where it has enough members for
  // that to pay. Adding a signature to what is signed already keeps it as it is.
  std::optional<bool> index;
  Limits limits;
  unsigned threads = 0;  // how many read and hash; 0: as many as there are processors to use

  // progress is told how many of the steps are done, two for each member (written, read back); it
  // returns false to give up, which fails with `kUsage`. May be empty.
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
};

// SignReport says what was done, for people and for --json.
struct SignReport {
  std::string output;
  bool added = false;  // the same was signed already: other signatures were kept
  std::uint64_t members = 0;
  std::vector<std::string> signers;   // fingerprints on the result
  std::vector<std::string> left_out;  // members that were not carried over, each with the reason
};

// sign writes the signed archive canonically (or the manifest into the directory), re-opens its own
// output with `SignedVfs` under a policy of exactly the signing keys, reads every member back, and
// only then puts it in place, atomically. Where there is a recorded order (vfs/import_order.h), the
// members of an archive are written in it, and it is signed as `@order`; where it is not an order
// of members that are signed, that is `kUsage`. A prefix in front of an archive is kept, hashed and
// signed as `@prefix`. On failure nothing has changed.
Result<SignReport> sign(const SignRequest& request);

// unsign removes the manifest and the index, and keeps everything else; the same promises as
// `sign`.
Status unsign(const std::string& path, const std::optional<std::string>& output,
              const Limits& limits = {});

// AppendRequest puts a signed archive behind an executable file.
struct AppendRequest {
  std::string archive;
  std::string executable;
  std::string output;
  std::vector<PrivateKey>
      keys;  // must be keys that have signed `archive`; sign it anew with @prefix
  Limits limits;
};

// append verifies `archive` under `keys`, and writes executable + archive with offsets counted from
// the start of the file, `@prefix` set, and the executable's mode. Any archive that already stands
// behind the executable is refused with `kUsage`.
Result<SignReport> append(const AppendRequest& request);

}  // namespace signedvfs
