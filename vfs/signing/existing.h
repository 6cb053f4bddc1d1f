// What stands where a signer's manifest will stand.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/container.h"
#include "vfs/crypto/digest.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/text.h"
#include "vfs/signing/custody.h"

namespace signedvfs {

// Existing is the manifest that a container has before it is signed. What `signed_by_us` does not
// vouch for, nobody does.
struct Existing {
  std::string defect;  // why it is none that anybody can follow; everything else is empty then
  std::vector<Signature> signatures;
  std::string header_text;
  HeaderFields header;

  // signed_by_us: one of the signing keys has signed the header, and no signature that names one of
  // them is false.
  bool signed_by_us = false;

  // listed holds the content's digest by the member's path, where the manifest is signed by us. It
  // is empty where the member lines are not those that the header commits to.
  std::map<std::string, Digest, std::less<>> listed;
};

// is_by_one_of tells whether `signature` names one of `keys`. It may be false all the same.
bool is_by_one_of(const Signature& signature, const std::vector<Signer>& keys);

// is_manifest_of tells whether the manifest `existing`, signed by us, is that of an archive with
// the members `names`, and was not put there from another archive: at least half of the paths that
// it lists are among `names`, and at least half of `names` among those. Paths that any program may
// have (`__main__.py`, the recorded order) do not count, unless there are no others on either side.
// So a release may change, gain and lose members, and another product is another one.
bool is_manifest_of(const Existing& existing, const std::vector<std::string>& names);

// read_existing returns the manifest of `container`, or nothing where there is none. Fails where it
// cannot be read.
Result<std::optional<Existing>> read_existing(const Container& container,
                                              const std::vector<Signer>& keys,
                                              const Limits& limits);

}  // namespace signedvfs
