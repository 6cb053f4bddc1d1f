// Keys made at run time, and manifests signed with them.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/memory_container.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/manifest.h"
#include "vfs/manifest/policy.h"
#include "vfs/manifest/signed_header.h"
#include "vfs/manifest/text.h"
#include "vfs/signing/private_key.h"

namespace signedvfs {

// expect returns the value of `result`, and ends the test where there is none.
template <class T>
T expect(Result<T> result) {
  if (!result.ok()) {
    throw std::runtime_error(std::string(name(result.code())) + ": " + result.status().what());
  }
  return std::move(result).value();
}

// test_key returns one of some Ed25519 keys, the same during one run of the tests.
inline const PrivateKey& test_key(std::size_t index = 0) {
  static const std::vector<PrivateKey> keys = [] {
    std::vector<PrivateKey> out;
    for (int i = 0; i < 4; ++i) out.push_back(expect(PrivateKey::generate(KeyAlgorithm::kEd25519)));
    return out;
  }();
  return keys.at(index);
}

inline const std::string& fingerprint(std::size_t index = 0) {
  return test_key(index).public_key().fingerprint();
}

// trusting returns the policy that trusts those keys.
inline TrustPolicy trusting(const std::vector<std::size_t>& indices = {0}, int threshold = 1) {
  TrustPolicy policy;
  for (const std::size_t index : indices) policy.keys.push_back(test_key(index).public_key());
  policy.threshold = threshold;
  return policy;
}

inline Signature signature_on(std::string_view header, std::size_t index = 0) {
  const std::string message = expect(signed_message(header));
  return {fingerprint(index), expect(test_key(index).sign(bytes_of(message)))};
}

// signed_text returns a manifest of any header and body, right or wrong, with genuine signatures.
inline std::string signed_text(std::string_view header, std::string_view body,
                               const std::vector<std::size_t>& keys = {0}) {
  std::vector<Signature> signatures;
  for (const std::size_t key : keys) signatures.push_back(signature_on(header, key));
  return encode_manifest(signatures, header, body);
}

inline std::string sha256(std::string_view text) {
  return expect(digest_of(HashType::kSha256, bytes_of(text))).hex();
}

inline std::string body_of(const Members& members, HashType type = HashType::kSha256) {
  std::map<std::string, Digest> digests;
  for (const auto& [name, content] : members) {
    digests.emplace(name, expect(digest_of(type, bytes_of(content))));
  }
  return expect(encode_body(type, digests));
}

// manifest_for returns the manifest that a signer would give to `members`.
inline std::string manifest_for(const Members& members, const Attributes& attributes = {},
                                const std::vector<std::size_t>& keys = {0},
                                HashType type = HashType::kSha256) {
  const std::string body = body_of(members, type);
  return signed_text(expect(encode_header(type, attributes, body)), body, keys);
}

// with_manifest returns `members` and their manifest.
inline Members with_manifest(Members members, const Attributes& attributes = {},
                             const std::vector<std::size_t>& keys = {0}) {
  const std::string text = manifest_for(members, attributes, keys);
  members.emplace(kManifestName, text);
  return members;
}

}  // namespace signedvfs
