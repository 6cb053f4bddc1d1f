// The header's grammar: hash type and attributes, text to values and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "vfs/crypto/digest.h"
#include "vfs/manifest/values.h"

namespace signedvfs {

// HeaderFields is what a header says.
struct HeaderFields {
  HashType hash_type = HashType::kSha256;
  Attributes attributes;
  Digest body;  // SHA-256 of the member lines
  std::uint64_t members = 0;
  std::optional<IndexRoot> index;
};

// is_root_name tells whether `text` may name a root in `@roots`: 1 to 32 lower-case letters, digits
// and dashes, of which the first is a letter.
bool is_root_name(std::string_view text) noexcept;

// parse_header reads a whole header. Fails with `kBadManifest`, `kUnknownAttribute`, `kWeakHash`.
Result<HeaderFields> parse_header(std::string_view header);

// encode_header returns the canonical header that commits to `body` and, where there is one, to
// `index`.
Result<std::string> encode_header(HashType type, const Attributes& attributes,
                                  std::string_view body,
                                  const std::optional<IndexRoot>& index = {});

}  // namespace signedvfs
