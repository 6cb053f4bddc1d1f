// Uses OpenSSL in one of several ways, in a process of its own whose environment is hostile.
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <optional>
#include <string>
#include <string_view>

#include "tests/vfs/bytes.h"
#include "vfs/crypto/digest.h"
#include "vfs/signing/private_key.h"

namespace {

using namespace signedvfs;

// use_default_context does what a library that knows nothing of all this would do.
bool use_default_context() {
  EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  EVP_MD_free(digest);
  return digest != nullptr;
}

bool load_named_provider() { return OSSL_PROVIDER_load(nullptr, "legacy") != nullptr; }

// use_ours goes through everything that vfs/ asks of OpenSSL.
bool use_ours() {
  for (const HashType type : {HashType::kSha256, HashType::kSha384, HashType::kSha512,
                              HashType::kLegacySha1, HashType::kLegacyMd5}) {
    if (!digest_of(type, {}).ok()) return false;
  }
  for (const KeyAlgorithm algorithm : {KeyAlgorithm::kEd25519, KeyAlgorithm::kEcdsaP256,
                                       KeyAlgorithm::kEcdsaP384, KeyAlgorithm::kRsaPss}) {
    const Result<PrivateKey> key = PrivateKey::generate(algorithm, 2048);
    if (!key.ok() || !PublicKey::from_pem(key->public_key().pem()).ok()) return false;
    const Result<std::string> pem = key->pem({});
    if (!pem.ok() || !PrivateKey::from_pem(*pem, {}).ok()) return false;
    const auto signature = key->sign(as_bytes("message"));
    if (!signature.ok() || !key->public_key().check(as_bytes("message"), *signature).ok() ||
        key->public_key().check(as_bytes("another"), *signature).ok()) {
      return false;
    }
  }
  const std::string password = "secret";
  const Result<std::string> pem = PrivateKey::generate(KeyAlgorithm::kEd25519)->pem(password);
  return pem.ok() && PrivateKey::from_pem(*pem, password).ok();
}

bool run(std::string_view way) {
  if (way == "default") return use_default_context();
  if (way == "named") return load_named_provider();
  if (way == "ours") return use_ours();
  if (way == "default-then-ours") {
    (void)use_default_context();
    return use_ours();
  }
  return false;
}

}  // namespace

int main(int count, char** arguments) try {
  return count == 2 && run(arguments[1]) ? 0 : 1;
} catch (...) {
  return 1;
}
