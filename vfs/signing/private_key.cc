#include "vfs/signing/private_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include <array>
#include <utility>

#include "archive/os/atomic_file.h"
#include "vfs/crypto/openssl.h"
#include "vfs/crypto/pem.h"
#include "vfs/crypto/signature_scheme.h"
#include "vfs/signing/pkcs8.h"
#include "vfs/signing/rsa_key.h"

namespace signedvfs {

struct PrivateKey::Material {
  OwnedKey key;
  PublicKey public_key;
};

namespace {

constexpr int kMinModulusBits = 2048;
constexpr int kMaxModulusBits = 16384;

OwnedKey make_key(OSSL_LIB_CTX* context, KeyAlgorithm algorithm, std::size_t bits) {
  switch (algorithm) {
    case KeyAlgorithm::kEd25519:
      return OwnedKey(EVP_PKEY_Q_keygen(context, kProvider, "ED25519"));
    case KeyAlgorithm::kEcdsaP256:
      return OwnedKey(EVP_PKEY_Q_keygen(context, kProvider, "EC", "P-256"));
    case KeyAlgorithm::kEcdsaP384:
      return OwnedKey(EVP_PKEY_Q_keygen(context, kProvider, "EC", "P-384"));
    case KeyAlgorithm::kRsaPss:
      return OwnedKey(EVP_PKEY_Q_keygen(context, kProvider, "RSA", bits));
  }
  return nullptr;
}

Result<std::vector<std::byte>> make_signature(const PrivateKey::Material& material,
                                              std::span<const std::byte> message) {
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  const KeyAlgorithm algorithm = material.public_key.algorithm();
  const SignatureScheme scheme(algorithm);
  const OwnedDigestContext work(EVP_MD_CTX_new());
  std::vector<std::byte> signature(static_cast<std::size_t>(EVP_PKEY_get_size(material.key.get())));
  std::size_t size = signature.size();
  if (!work ||
      EVP_DigestSignInit_ex(work.get(), nullptr, scheme.digest(), context, kProvider,
                            material.key.get(), scheme.parameters()) != 1 ||
      EVP_DigestSign(work.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     raw(message), message.size()) != 1) {
    return errors.failure(Errc::kCrypto,
                          "OpenSSL cannot sign with key " + material.public_key.fingerprint());
  }
  signature.resize(size);
  return signature;
}

// refuse_oversized refuses an RSA key with numbers that no honest key has. How long signing takes
// goes by them, and the public half says nothing about them: with an exponent that fills the file,
// one signature takes minutes.
Status refuse_oversized(const EVP_PKEY* key, int modulus_bits) {
  constexpr std::array kNumbers{OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
                                OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
                                OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
                                OSSL_PKEY_PARAM_RSA_FACTOR3};
  for (const char* const name : kNumbers) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1) continue;
    const Owned<BIGNUM, BN_clear_free> owner(number);
    if (std::string_view(name) == OSSL_PKEY_PARAM_RSA_FACTOR3) {
      return {Errc::kBadKey, "the RSA key has more than two factors"};
    }
    if (BN_num_bits(number) > modulus_bits) {
      return {Errc::kBadKey, "the RSA key's '" + std::string(name) + "' has " +
                                 std::to_string(BN_num_bits(number)) + " bits, where " +
                                 std::to_string(modulus_bits) + " at most make sense"};
    }
  }
  return {};
}

// pair returns `key` once its public half has passed every rule for public keys and a signature has
// shown that the halves belong together: a key file can claim any public half.
Result<PrivateKey> pair(OwnedKey key) {
  const ErrorQueue errors;
  const std::vector<std::byte> encoding = public_half(key.get());
  if (encoding.empty()) {
    return errors.failure(Errc::kBadKey, "the private key has no public half");
  }
  SIGNEDVFS_ASSIGN(PublicKey public_key, PublicKey::from_der(encoding));
  if (public_key.algorithm() == KeyAlgorithm::kRsaPss) {
    SIGNEDVFS_TRY(refuse_oversized(key.get(), public_key.bits()));
  }

  const auto material = std::make_shared<const PrivateKey::Material>(
      PrivateKey::Material{std::move(key), std::move(public_key)});
  SIGNEDVFS_ASSIGN(const std::vector<std::byte> signature, make_signature(*material, {}));
  Status fits = material->public_key.check({}, signature);
  if (fits.code() == Errc::kBadSignature) {
    return Status(Errc::kBadKey, "the private and the public half do not belong together");
  }
  SIGNEDVFS_TRY(std::move(fits));
  return PrivateKey(material);
}

Result<PrivateKey> from_block(const Pem& block, const std::optional<std::string>& password) {
  if (block.label == "PRIVATE KEY") {
    SIGNEDVFS_ASSIGN(OwnedKey key, decode_pkcs8(block.der.bytes()));
    return pair(std::move(key));
  }
  if (block.label != "ENCRYPTED PRIVATE KEY") return wrong_label(block.label, "a private key");
  if (!password)
    return Status(Errc::kWrongPassword, "the private key is encrypted: its password is needed");
  SIGNEDVFS_ASSIGN(OwnedKey key, decrypt_pkcs8(block.der.bytes(), *password));
  return pair(std::move(key));
}

}  // namespace

void wipe(std::string& text) noexcept {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

PrivateKey::PrivateKey(std::shared_ptr<const Material> material) noexcept
    : material_(std::move(material)) {}

Result<PrivateKey> PrivateKey::generate(KeyAlgorithm algorithm, int bits) {
  if (algorithm == KeyAlgorithm::kRsaPss && (bits < kMinModulusBits || bits > kMaxModulusBits)) {
    return Status(Errc::kUsage, "an RSA key of " + std::to_string(bits) +
                                    " bits; between 2048 and 16384 are accepted");
  }
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  OwnedKey key = make_key(context, algorithm, static_cast<std::size_t>(bits));
  if (!key) {
    return errors.failure(
        Errc::kCrypto, "OpenSSL cannot make a key for " + std::string(algorithm_name(algorithm)));
  }
  return pair(std::move(key));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem,
                                        const std::optional<std::string>& password) {
  SIGNEDVFS_ASSIGN(const Pem block, read_pem(pem));
  return from_block(block, password);
}

Result<PrivateKey> PrivateKey::load(const std::string& path,
                                    const std::optional<std::string>& password) {
  SIGNEDVFS_ASSIGN(const Pem block, read_pem_file(path));
  Result<PrivateKey> key = from_block(block, password);
  if (!key.ok()) return std::move(key).status().in(path);
  return key;
}

Result<PrivateKey> PrivateKey::from_rsa(std::span<const std::byte> modulus,
                                        std::span<const std::byte> exponent,
                                        std::span<const std::byte> private_exponent) {
  SIGNEDVFS_ASSIGN(OwnedKey key, rsa_key_of(modulus, exponent, private_exponent));
  return pair(std::move(key));
}

Result<std::vector<std::byte>> PrivateKey::rsa_private_exponent() const {
  const ErrorQueue errors;
  if (auto context = openssl_context(); !context.ok()) return std::move(context).status();
  if (public_key().algorithm() != KeyAlgorithm::kRsaPss) {
    return Status(Errc::kUsage,
                  "key " + public_key().fingerprint() + " is not RSA, and has no such number");
  }
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(material_->key.get(), OSSL_PKEY_PARAM_RSA_D, &number) != 1) {
    return errors.failure(Errc::kCrypto, "key " + public_key().fingerprint());
  }
  const Owned<BIGNUM, BN_clear_free> owner(number);
  std::vector<std::byte> bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

Result<std::string> PrivateKey::pem(const std::optional<std::string>& password) const {
  return encode_pkcs8(material_->key.get(), password);
}

Status PrivateKey::save(const std::string& path, const std::optional<std::string>& password) const {
  SIGNEDVFS_ASSIGN(std::string text, pem(password));
  const auto write = [&]() -> Status {
    SIGNEDVFS_ASSIGN(AtomicFile file, AtomicFile::create(path, 0600));
    SIGNEDVFS_TRY(file.write(std::as_bytes(std::span(text))));
    return std::move(file).commit(/*replace=*/false);
  };
  Status written = write();
  wipe(text);
  return written;
}

const PublicKey& PrivateKey::public_key() const& noexcept { return material_->public_key; }

Result<std::vector<std::byte>> PrivateKey::sign(std::span<const std::byte> message) const {
  SIGNEDVFS_ASSIGN(std::vector<std::byte> signature, make_signature(*material_, message));
  // A faulty computation can give the private key away; its result never leaves this function.
  if (const Status fits = public_key().check(message, signature); !fits.ok()) {
    return Status(Errc::kCrypto, "a signature just made does not fit: " + fits.what());
  }
  return signature;
}

}  // namespace signedvfs
