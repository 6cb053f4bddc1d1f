// The manifest's grammar: text to values and back, one text for each value. The header's own
// grammar is in header.h. Nothing here decides what to believe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/values.h"

namespace signedvfs {

// ManifestParts is a manifest cut into its three parts; the two views borrow from its text.
struct ManifestParts {
  std::vector<Signature> signatures;
  std::string_view header;
  std::string_view body;
};

// split_manifest cuts `text` and reads the signature lines; of the header it finds only the end:
// the first line after the hash type that does not start with '@'. Fails with `kBadManifest`, or
// with `kTooLarge` where signatures or header exceed `limits`.
Result<ManifestParts> split_manifest(std::string_view text, const Limits& limits);

// parse_body reads the member lines that `header` announces, and returns them in byte order of
// their paths, which borrow from `body`. Fails with `kBadManifest`, `kTooLarge`, and for the paths
// with `kBadName`, `kDuplicateName`, `kFileAndDirectory`.
Result<std::vector<Entry>> parse_body(std::string_view body, const HeaderFields& header,
                                      const Limits& limits, PathRules rules = PathRules::kApply);

// parse_entry appends what one member line says, of the number `number` for messages; its digest is
// of `type`. Fails with `kBadManifest`, and as `rules` demand with `kBadName`.
Status parse_entry(std::string_view line, std::size_t number, HashType type, const Limits& limits,
                   PathRules rules, std::vector<Entry>& out);

// sort_entries puts `entries` into byte order of their paths, and requires that these differ, that
// none is one of the reserved names, and as `rules` demand that they do not conflict.
Status sort_entries(std::vector<Entry>& entries, PathRules rules);

// check_roots requires that each of `entries` lies below one of `roots`, where there are any. Fails
// with `kBadManifest`.
Status check_roots(const std::vector<Entry>& entries, const std::vector<std::string>& roots);

// encode_body returns the member lines for `digests` (path to digest), in canonical order.
Result<std::string> encode_body(HashType type, const std::map<std::string, Digest>& digests);

// encode_manifest returns the whole text.
std::string encode_manifest(const std::vector<Signature>& signatures, std::string_view header,
                            std::string_view body);

}  // namespace signedvfs
