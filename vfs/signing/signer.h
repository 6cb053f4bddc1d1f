// Signing archives and directories. Its own target: a verifier links none of this.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "vfs/manifest/manifest.h"
#include "vfs/signing/private_key.h"

namespace signedvfs {

// SignRequest says what to sign and how. Attributes that are unset, @prefix and @order left aside,
// are taken from the existing manifest where a genuine signature by one of `keys` covers it and it
// is this archive's (see `is_manifest_of`); otherwise they stay unset. What anybody else has signed
// is dropped.
struct SignRequest {
  std::string path;                   // an archive or a directory
  std::vector<PrivateKey> keys;       // at least one
  std::optional<std::string> output;  // archives: where to write; default: replace `path`
  std::optional<HashType> hash_type;  // default: SHA-256
  Attributes attributes;  // `order`, `prefix` and `roots` are found by the signer, never given

  // index says whether an archive gets a signed index; default: where it has enough members for
  // that to pay.
  std::optional<bool> index;

  // keep_signatures signs once more the very statement that others have signed, and keeps their
  // signatures, which cannot be checked here. Whatever is unset is taken from that statement; a
  // result that would be another one is `kUsage`.
  bool keep_signatures = false;

  // compiled_here: the caller has compiled every .pyc beside its source itself, from that source,
  // so nobody has to be warned that they run instead of them.
  bool compiled_here = false;

  // cache_tag has the bytecode signed that an interpreter with this tag ("cpython-311") keeps in
  // `__pycache__` of a directory, where it belongs to a source that is there (PEP 3147); default:
  // none. An import then takes it instead of compiling the source.
  std::optional<std::string> cache_tag;

  // at is the moment, in seconds since 1970-01-01T00:00:00Z, at which the result must be valid;
  // default: now. What has expired by then, or is not valid yet, is not signed.
  std::optional<std::int64_t> at;
  Limits limits;
  unsigned threads = 0;  // how many read and hash; 0: as many as there are processors to use

  // progress is told how many of the steps are done, two for each member (written, read back); it
  // returns false to give up, which fails with `kUsage`. May be empty.
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
};

// SignReport says what was done, for people and for --json.
struct SignReport {
  std::string output;
  bool added = false;  // others have signed the same, and their signatures were kept

  // What is signed.
  std::uint64_t members = 0;
  Attributes attributes;
  HashType hash_type = HashType::kSha256;
  bool has_index = false;
  std::vector<std::string> signers;  // fingerprints on the result

  // Where that comes from, and what became of the rest.
  std::vector<std::string> carried_over;  // attributes that come from the manifest that was there:
                                          // name, serial, not_before, expires
  std::vector<std::string> kept;      // those of `signers` that were there before, and not checked
  std::vector<std::string> dropped;   // fingerprints of the others that were there before
  std::vector<std::string> left_out;  // members that were not carried over, each with the reason
  std::vector<std::string> vanished;  // what stood in the archive beside its members, and does not
                                      // any more, a sentence each
  std::vector<std::string> warnings;  // what a person should know of, a sentence each
};

// check_validity fails with `kUsage` where what has these `attributes` would never be valid, or not
// at the moment `at` (default: now). Those of `carried_over` (see SignReport) were not asked for.
Status check_validity(const Attributes& attributes, const std::optional<std::int64_t>& at,
                      const std::vector<std::string>& carried_over = {});

// sign reads archives leniently (see open_source; what stays refused is named), and writes the
// signed archive canonically (or the manifest into the directory), re-opens its own
// output with `SignedVfs` under a policy of exactly the signing keys, reads every member back, and
// only then puts it in place, atomically. Where there is a recorded order (vfs/manifest/order.h),
// the members of an archive are written in it, and it is signed as `@order`; where it is not an
// order of members that are signed, that is `kUsage`. A prefix in front of an archive is kept,
// hashed and signed as `@prefix`. On failure nothing has changed.
Result<SignReport> sign(const SignRequest& request);

// unsign removes the manifest and the index, and keeps all other members; the same promises as
// `sign`. It returns what vanished beside them (see SignReport).
Result<std::vector<std::string>> unsign(const std::string& path,
                                        const std::optional<std::string>& output,
                                        const Limits& limits = {});

// AppendRequest puts a signed archive behind an executable file.
struct AppendRequest {
  std::string archive;
  std::string executable;
  std::string output;
  std::vector<PrivateKey>
      keys;  // must be keys that have signed `archive`; sign it anew with @prefix
  Limits limits;
  std::optional<std::int64_t> at;  // as in SignRequest
};

// append verifies `archive` under `keys`, and writes executable + archive with offsets counted from
// the start of the file, `@prefix` set, the other attributes as they were, and the executable's
// mode. Any archive that already stands behind the executable is refused with `kUsage`, and bytes
// in front of `archive` that nobody has signed with `kPrefixMismatch`.
Result<SignReport> append(const AppendRequest& request);

}  // namespace signedvfs
