// What a signer states: a header, the member lines it commits to, and the signatures on both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/container.h"
#include "archive/limits.h"
#include "archive/status.h"
#include "vfs/manifest_text.h"
#include "vfs/policy.h"
#include "vfs/private_key.h"
#include "vfs/rebuild.h"

namespace signedvfs {

// Existing is the manifest that a container has before it is signed, which nobody has vouched for.
struct Existing {
  std::vector<Signature> signatures;
  std::string header_text;
  Header header;
  bool own = false;  // one of the signing keys has signed it
};

// read_existing returns the manifest of `container`, or nothing where there is none that parses.
// Fails where it cannot be read.
Result<std::optional<Existing>> read_existing(const Container& container,
                                              const std::vector<PrivateKey>& keys,
                                              const Limits& limits);

// Statement is a manifest's text and how it came about.
struct Statement {
  OwnMembers own;
  Attributes attributes;
  bool added = false;                // `existing` says the same; its other signatures are kept
  std::vector<std::string> signers;  // fingerprints of all signatures
};

// kIndexedFrom is the number of members from which on an archive gets an index where nobody says
// otherwise. Opening one of 10 members and reading them takes 0.95 (stored) and 0.75 (deflated) of
// the time with it, one of 1,000 members and reading 20 of them 0.6; with a single member there is
// no difference, and what is small stays plain text.
inline constexpr std::uint64_t kIndexedFrom = 16;

// state makes the manifest for `contents`, and the index where `index` wants one, or where it has
// no value and `existing` has one and says the same, or differs and there are enough members.
// Attributes that `wanted` leaves unset come from
// `existing` where that is its own, or where nothing differs from it, and are left out otherwise.
Result<Statement> state(const Contents& contents, HashType hash_type, const Attributes& wanted,
                        const std::optional<Existing>& existing, std::optional<bool> index,
                        const std::vector<PrivateKey>& keys);

// policy_of returns the policy that wants signatures by all of `keys`, at a moment at which
// `attributes` are valid.
TrustPolicy policy_of(const std::vector<PrivateKey>& keys, const Attributes& attributes);

// check_name fails with `kUsage` where `attributes` have a name that no manifest may have.
Status check_name(const Attributes& attributes);

// check_keys fails with `kUsage` where there are none, or one is given twice.
Status check_keys(const std::vector<PrivateKey>& keys);

}  // namespace signedvfs
