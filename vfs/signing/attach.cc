#include "vfs/signing/attach.h"

#include <algorithm>
#include <utility>

#include "vfs/manifest/signed_header.h"
#include "vfs/signing/custody.h"
#include "vfs/signing/existing.h"
#include "vfs/signing/source.h"
#include "vfs/signing/statement.h"

namespace signedvfs {
namespace {

// standing_statement returns the header of the manifest that stands there.
Result<std::string> standing_statement(const AttachRequest& request) {
  SIGNEDVFS_ASSIGN(const Source source, open_source(request.path, request.limits));
  SIGNEDVFS_ASSIGN(const auto existing, read_existing(*source.container, {}, request.limits));
  if (existing && existing->defect.empty() && !source.has_several_manifests) {
    return existing->header_text;
  }
  return Status(Errc::kUsage, request.path +
                                  ": there is no manifest whose statement could be "
                                  "meant")
      .advising(
          "Give the statement that was signed: --statement FILE (in Python: statement=TEXT).");
}

Status unknown_signer(const std::string& fingerprint) {
  return Status(Errc::kUsage, "a signature by " + fingerprint + ", whose key is not given")
      .advising("Name its public key: --trust FILE.pub (in Python: keys=...).");
}

// signer_of returns the key of `keys` that `signature` over the header `statement` is by, as a
// signer that gives out this signature.
Result<Signer> signer_of(const Signature& signature, const std::vector<PublicKey>& keys,
                         std::string_view statement) {
  SIGNEDVFS_ASSIGN(const std::string message, signed_message(statement));
  const bool is_named = !signature.fingerprint.empty();
  for (const PublicKey& key : keys) {
    if (is_named && key.fingerprint() != signature.fingerprint) continue;
    auto fitting = fitting_signature(key, bytes_of(message), signature.value);
    if (fitting.ok()) {
      return Signer(
          key, [value = *fitting](auto, auto) { return Result<std::vector<std::byte>>(value); });
    }
    if (is_named || fitting.code() != Errc::kSignerFailed) return std::move(fitting).status();
  }
  if (is_named) return unknown_signer(signature.fingerprint);
  return Status(Errc::kSignerFailed, "a signature of " + std::to_string(signature.value.size()) +
                                         " bytes fits none of the " + std::to_string(keys.size()) +
                                         " keys and this statement")
      .advising("See that it is over this very statement, and that its public key is given.");
}

}  // namespace

Result<SignReport> attach(const AttachRequest& request) {
  if (request.signatures.empty()) {
    return Status(Errc::kUsage, "there is no signature to attach");
  }
  SignRequest signing;
  signing.statement = request.statement;
  if (!signing.statement) {
    SIGNEDVFS_ASSIGN(signing.statement, standing_statement(request));
  }
  // Nothing is checked against a text that is no statement.
  SIGNEDVFS_ASSIGN(const HeaderFields stated, read_statement(*signing.statement, request.limits));
  SIGNEDVFS_TRY(check_validity(stated.attributes, request.at).in(request.path));
  for (const Signature& signature : request.signatures) {
    SIGNEDVFS_ASSIGN(Signer signer, signer_of(signature, request.keys, *signing.statement));
    signing.keys.push_back(std::move(signer));
  }
  signing.path = request.path;
  signing.output = request.output;
  signing.at = request.at;
  signing.limits = request.limits;
  signing.progress = request.progress;
  return sign(signing);
}

}  // namespace signedvfs
