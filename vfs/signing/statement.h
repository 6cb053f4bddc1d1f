// What a signer states: a header, the member lines it commits to, and the signatures on both.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/policy.h"
#include "vfs/signing/custody.h"
#include "vfs/signing/intent.h"
#include "vfs/signing/rebuild.h"
#include "vfs/signing/signer.h"

namespace signedvfs {

// Statement is a manifest's text and what it says.
struct Statement {
  ServiceMembers service_members;
  std::string header;
  Attributes attributes;
  HashType hash_type = HashType::kSha256;
  bool has_index = false;
  std::vector<std::string> signers;  // fingerprints of all signatures, kept ones first
  std::vector<std::string> kept;     // those among them that were there before
};

// kIndexedFrom is the number of members from which on an archive gets an index where nobody says
// otherwise. Opening one of 10 members and reading them takes 0.95 (stored) and 0.75 (deflated) of
// the time with it, one of 1,000 members and reading 20 of them 0.6; with a single member there is
// no difference, and what is small stays plain text.
inline constexpr std::uint64_t kIndexedFrom = 16;

// state makes the manifest for `contents` as `intent` has it, and the index where there is to be
// one. Fails with `kUsage`, saying what differs, where `intent` wants another statement.
Result<Statement> state(const Contents& contents, const Intent& intent,
                        const std::vector<Signer>& keys);

// tell writes down in `report` what is signed, and what became of what was signed before.
void tell(const Statement& statement, const Intent& intent, SignReport& report);

// policy_of returns the policy that wants signatures by all of `keys`, at a moment at which
// `attributes` are valid.
TrustPolicy policy_of(const std::vector<Signer>& keys, const Attributes& attributes);

// check_name fails with `kUsage` where `attributes` have a name that no manifest may have.
Status check_name(const Attributes& attributes);

// read_statement reads a header text that somebody is to sign. Fails with `kTooLarge`, or as
// `parse_header` does.
Result<HeaderFields> read_statement(std::string_view text, const Limits& limits);

// check_keys fails with `kUsage` where there are none, or one is given twice.
Status check_keys(const std::vector<Signer>& keys);

}  // namespace signedvfs
