// What a signer is going to state, decided before any content is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "vfs/manifest/manifest.h"
#include "vfs/signed_vfs.h"
#include "vfs/signing/carry_over.h"
#include "vfs/signing/custody.h"
#include "vfs/signing/existing.h"
#include "vfs/signing/layout.h"
#include "vfs/signing/signer.h"

namespace signedvfs {

// Intent is a statement on contents that are not known yet.
struct Intent {
  HashType hash_type = HashType::kSha256;
  Attributes attributes;             // but for `prefix`, which is known once it has been read
  std::optional<bool> index;         // nothing: the number of members decides
  std::optional<Existing> co_signs;  // this statement must come out again, and its other signatures
                                     // are kept
  std::optional<std::string> statement;  // this header must come out

  // What the signer's user is to be told (see SignReport).
  std::vector<std::string> carried_over;
  std::vector<std::string> dropped;
  std::vector<std::string> warnings;
};

// threads_of returns how many threads `request` has at work.
unsigned threads_of(const SignRequest& request);

// keeps_others tells whether `request` wants the very statement of `existing` again, and so others'
// signatures on it. What is written then has to be written as it was.
bool keeps_others(const SignRequest& request, const std::optional<Existing>& existing);

// carry_over_for decides which members of `source` the request has signed, where `existing` is the
// manifest that stands there. Fails as `carry_over` does.
Result<CarryOver> carry_over_for(const SignRequest& request, const Container& source,
                                 const std::optional<Existing>& existing);

// intend decides what `request` makes of what stands there, where the result's members are those of
// `layout`. An attribute that it leaves unset comes from `existing` where that is its own, or where
// it asks to keep others' signatures on that very statement; from nowhere else. Its own is one that
// one of the keys has signed, of an archive with about these members (`is_manifest_of`). Fails with
// `kUsage` where the result would not be valid at the moment that `request` names, or where there
// is no signature to be kept.
Result<Intent> intend(const SignRequest& request, const std::optional<Existing>& existing,
                      const Layout& layout);

// intend_again states of the members of `archive`, which `keys` have signed, what was stated of
// them before. Fails with `kUsage` where that is not valid at the moment `at` (default: now).
Result<Intent> intend_again(const SignedVfs& archive, const std::vector<Signer>& keys,
                            const std::optional<std::int64_t>& at);

}  // namespace signedvfs
