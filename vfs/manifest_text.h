// The manifest's grammar: text to values and back, one text for each value. Nothing here decides
// what to believe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "archive/limits.h"
#include "archive/status.h"
#include "vfs/manifest.h"

namespace signedvfs {

// ManifestParts is a manifest cut into its three parts; the two views borrow from its text.
struct ManifestParts {
  std::vector<Signature> signatures;
  std::string_view header;
  std::string_view body;
};

// Header is what a header says.
struct Header {
  HashType hash_type = HashType::kSha256;
  Attributes attributes;
  Digest body;  // SHA-256 of the member lines
  std::uint64_t members = 0;
  std::optional<IndexRoot> index;
};

// split_manifest cuts `text` and reads the signature lines; of the header it finds only the end:
// the first line after the hash type that does not start with '@'. Fails with `kBadManifest`, or
// with `kTooLarge` where signatures or header exceed `limits`.
Result<ManifestParts> split_manifest(std::string_view text, const Limits& limits);

// parse_header reads a whole header. Fails with `kBadManifest`, `kUnknownAttribute`, `kWeakHash`.
Result<Header> parse_header(std::string_view header);

// parse_body reads the member lines that `header` announces, and returns them in byte order of
// their paths, which borrow from `body`. Fails with `kBadManifest`, `kTooLarge`, and for the paths
// with `kBadName`, `kDuplicateName`, `kFileAndDirectory`.
Result<std::vector<Entry>> parse_body(std::string_view body, const Header& header,
                                      const Limits& limits, PathRules rules = PathRules::kApply);

// parse_entry appends what one member line says, of the number `number` for messages; its digest is
// of `type`. Fails with `kBadManifest`, and as `rules` demand with `kBadName`.
Status parse_entry(std::string_view line, std::size_t number, HashType type, const Limits& limits,
                   PathRules rules, std::vector<Entry>& out);

// sort_entries puts `entries` into byte order of their paths, and requires that these differ, that
// none is one of the reserved names, and as `rules` demand that they do not conflict.
Status sort_entries(std::vector<Entry>& entries, PathRules rules);

}  // namespace signedvfs
