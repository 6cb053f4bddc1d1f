// Manifests: what is read is written back identically, and nothing is believed that is not read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/signing.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/legacy.h"
#include "vfs/manifest/line_reader.h"
#include "vfs/manifest/text.h"

namespace signedvfs {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// The line that depends on the body is written anew; all others must come back as they were.
std::string without_members(std::string_view header) {
  std::string out;
  LineReader lines(header);
  while (const auto line = lines.next()) {
    if (!line->starts_with("@members ")) out.append(*line).append("\n");
  }
  return out;
}

bool header_round_trips(const ManifestParts& parts) {
  const auto header = parse_header(parts.header);
  if (!header.ok()) return false;
  const std::string again =
      expect(encode_header(header->hash_type, header->attributes, parts.body, header->index));
  require(without_members(again) == without_members(parts.header));
  require(expect(parse_header(again)).attributes == header->attributes);
  require(expect(parse_header(again)).index == header->index);
  return true;
}

void body_round_trips(std::string_view body, HashType type) {
  HeaderFields header;
  header.hash_type = type;
  header.members = static_cast<std::uint64_t>(std::count(body.begin(), body.end(), '\n'));
  const auto entries = parse_body(body, header, {});
  if (!entries.ok()) return;
  std::map<std::string, Digest> digests;
  std::string sorted;
  for (const Entry& entry : *entries) {
    digests.emplace(entry.path(), entry.digest());
    sorted.append(entry.digest().hex()).append(" ").append(entry.path()).append("\n");
  }
  require(sorted.size() == body.size());
  require(expect(encode_body(type, digests)) == sorted);
}

// A genuine signature on any text at all makes it no manifest.
void is_believed_only_if_read(const ManifestParts& parts, bool header_is_read) {
  const std::string text = signed_text(parts.header, parts.body);
  const auto manifest = Manifest::check(buffer_of(text), trusting(), {});
  if (!manifest.ok()) {
    require(manifest.code() != Errc::kNoTrustedKey && manifest.code() != Errc::kBadSignature);
    return;
  }
  require(header_is_read);
  require(manifest->header() == parts.header);
  for (const Entry& entry : manifest->entries()) {
    require(manifest->find(entry.path()) == &entry);
    require(parts.body.find(entry.path()) != std::string_view::npos);
  }
}

// Nobody's signature is on it: a manifest of signedimp is taken apart, and never believed.
void is_not_believed_in_the_old_format(std::string_view text) {
  TrustPolicy policy = trusting();
  policy.legacy = true;
  require(!check_legacy_manifest(text, policy, {}, PathRules::kApply).ok());
}

}  // namespace
}  // namespace signedvfs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace signedvfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  is_not_believed_in_the_old_format(text);
  const auto parts = split_manifest(text, {});
  if (!parts.ok()) return 0;
  require(encode_manifest(parts->signatures, parts->header, parts->body) == text);
  const bool header_is_read = header_round_trips(*parts);
  for (const HashType type : {HashType::kSha256, HashType::kSha384, HashType::kSha512}) {
    body_round_trips(parts->body, type);
  }
  is_believed_only_if_read(*parts, header_is_read);
  return 0;
}
