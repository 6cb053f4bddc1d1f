#include "vfs/signing/existing.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "vfs/manifest/header.h"
#include "vfs/manifest/manifest.h"
#include "vfs/manifest/order.h"
#include "vfs/manifest/signed_header.h"

namespace signedvfs {
namespace {

Result<bool> is_signed_by_one_of(const std::vector<Signer>& keys, const Existing& existing) {
  SIGNEDVFS_ASSIGN(const std::string message, signed_message(existing.header_text));
  bool found = false;
  for (const Signer& key : keys) {
    for (const Signature& signature : existing.signatures) {
      if (key.public_key().fingerprint() != signature.fingerprint) continue;
      const Status status = key.public_key().check(bytes_of(message), signature.value);
      // A false one means that somebody has been at the file, whoever else has signed it.
      if (status.code() == Errc::kBadSignature) return false;
      SIGNEDVFS_TRY(status);
      found = true;
    }
  }
  return found;
}

// parse returns what `parts` say; a failure is their defect.
Result<Existing> parse(const ManifestParts& parts) {
  Existing out;
  SIGNEDVFS_ASSIGN(out.header, parse_header(parts.header));
  out.signatures = parts.signatures;
  out.header_text = parts.header;
  return out;
}

Existing useless(const Status& defect) {
  Existing out;
  out.defect = defect.what();
  return out;
}

// listed_in returns the member lines `body`; nothing where `header` commits to others.
Result<std::map<std::string, Digest, std::less<>>> listed_in(std::string_view body,
                                                             const HeaderFields& header,
                                                             const Limits& limits) {
  std::map<std::string, Digest, std::less<>> out;
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(HashType::kSha256, bytes_of(body)));
  if (digest != header.body) return out;
  const auto entries = parse_body(body, header, limits);
  if (!entries.ok()) return out;
  for (const Entry& entry : *entries) out.emplace(entry.path(), entry.digest());
  return out;
}

// tells_apart tells whether `path` says anything about whose archive it is in.
bool tells_apart(std::string_view path) {
  return path != "__main__.py" && path != "__main__.pyc" && path != kOrderName;
}

}  // namespace

bool is_by_one_of(const Signature& signature, const std::vector<Signer>& keys) {
  return std::any_of(keys.begin(), keys.end(), [&](const Signer& key) {
    return key.public_key().fingerprint() == signature.fingerprint;
  });
}

bool is_manifest_of(const Existing& existing, const std::vector<std::string>& names) {
  const auto telling = static_cast<std::size_t>(
      std::count_if(existing.listed.begin(), existing.listed.end(),
                    [](const auto& entry) { return tells_apart(entry.first); }));
  std::size_t members = 0;
  std::size_t common = 0;
  for (const std::string& name : names) {
    if (!tells_apart(name)) continue;
    ++members;
    if (existing.listed.find(name) != existing.listed.end()) ++common;
  }
  if (telling == 0 && members == 0) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return existing.listed.find(name) != existing.listed.end();
    });
  }
  return telling > 0 && 2 * common >= telling && 2 * common >= members;
}

Result<std::optional<Existing>> read_existing(const Container& container,
                                              const std::vector<Signer>& keys,
                                              const Limits& limits) {
  auto text = container.read(kManifestName);
  if (text.code() == Errc::kNotFound) return std::optional<Existing>();
  if (!text.ok()) return std::move(text).status();
  const auto parts = split_manifest(text_of(std::as_const(*text).bytes()), limits);
  if (!parts.ok()) return std::optional(useless(parts.status()));
  Result<Existing> parsed = parse(*parts);
  if (!parsed.ok()) return std::optional(useless(parsed.status()));
  Existing out = std::move(parsed).value();
  SIGNEDVFS_ASSIGN(out.signed_by_us, is_signed_by_one_of(keys, out));
  if (out.signed_by_us) {
    SIGNEDVFS_ASSIGN(out.listed, listed_in(parts->body, out.header, limits));
  }
  return std::optional<Existing>(std::move(out));
}

}  // namespace signedvfs
