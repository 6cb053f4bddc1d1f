#include "vfs/crypto/public_key.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "vfs/crypto/base64.h"
#include "vfs/crypto/openssl.h"
#include "vfs/crypto/pem.h"
#include "vfs/crypto/signature_scheme.h"
#include "vfs/crypto/weak_key.h"

namespace signedvfs {

struct PublicKey::Material {
  OwnedKey key;
  KeyAlgorithm algorithm;
  int bits;
  std::vector<std::byte> der;
  std::string fingerprint;
};

namespace {

constexpr std::string_view kAccepted =
    "Ed25519, ECDSA on P-256 or P-384, and RSA keys are accepted";

Status bad_key(std::string what) { return {Errc::kBadKey, std::move(what)}; }

std::string text_parameter(const EVP_PKEY* key, const char* name) {
  std::array<char, 64> text{};
  std::size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, name, text.data(), text.size(), &size) != 1) return {};
  return {text.data(), size};
}

// The form of the numbers is checked here, their strength by `refuse_weak`.
Result<KeyAlgorithm> ec_algorithm(const EVP_PKEY* key) {
  if (text_parameter(key, OSSL_PKEY_PARAM_EC_ENCODING) != OSSL_PKEY_EC_ENCODING_GROUP) {
    return bad_key("ECDSA key: the curve is spelled out, where its name is expected");
  }
  const std::string format = text_parameter(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT);
  if (format != OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) {
    return bad_key("ECDSA key: the point is " + in_quotes(format) +
                   ", where 'uncompressed' is expected; `openssl ec -pubin -in FILE -pubout "
                   "-conv_form uncompressed` converts it");
  }
  const std::string curve = text_parameter(key, OSSL_PKEY_PARAM_GROUP_NAME);
  if (curve == "prime256v1") return KeyAlgorithm::kEcdsaP256;
  if (curve == "secp384r1") return KeyAlgorithm::kEcdsaP384;
  return bad_key("ECDSA key on curve " + in_quotes(curve) + ": " + std::string(kAccepted));
}

Result<KeyAlgorithm> algorithm_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyAlgorithm::kEd25519;
  if (EVP_PKEY_is_a(key, "EC") == 1) return ec_algorithm(key);
  if (EVP_PKEY_is_a(key, "RSA") == 1) return KeyAlgorithm::kRsaPss;
  if (EVP_PKEY_is_a(key, "RSA-PSS") == 1) {
    return bad_key("the key is marked id-RSASSA-PSS, where rsaEncryption is expected");
  }
  const char* const type = EVP_PKEY_get0_type_name(key);
  return bad_key("key of type " + in_quotes(type != nullptr ? type : "unknown") + ": " +
                 std::string(kAccepted));
}

Status refuse_weak(KeyAlgorithm algorithm, EVP_PKEY* key) {
  switch (algorithm) {
    case KeyAlgorithm::kEd25519: {
      std::array<std::byte, 32> encoded;
      std::size_t size = encoded.size();
      if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(encoded.data()),
                                      &size) != 1 ||
          size != encoded.size()) {
        return bad_key("Ed25519 key: 32 bytes are expected");
      }
      return refuse_weak_ed25519(encoded);
    }
    case KeyAlgorithm::kEcdsaP256:
    case KeyAlgorithm::kEcdsaP384:
      return refuse_weak_ec(key);
    case KeyAlgorithm::kRsaPss:
      return refuse_weak_rsa(key);
  }
  return bad_key(std::string(kAccepted));
}

bool encodes_as(const EVP_PKEY* key, std::span<const std::byte> der) {
  const std::vector<std::byte> encoding = public_half(key);
  return std::equal(der.begin(), der.end(), encoding.begin(), encoding.end());
}

OwnedNumber number_of(std::span<const std::byte> bytes) {
  return OwnedNumber(BN_bin2bn(raw(bytes), static_cast<int>(bytes.size()), nullptr));
}

// kEd25519Prefix is how the encoding of each Ed25519 key begins; 32 bytes, the key, follow (RFC
// 8410, section 4).
constexpr std::array<unsigned char, 12> kEd25519Prefix = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                          0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::size_t kEd25519Bytes = 32;

bool is_ed25519(std::span<const std::byte> der) {
  return der.size() == kEd25519Prefix.size() + kEd25519Bytes &&
         std::equal(kEd25519Prefix.begin(), kEd25519Prefix.end(), raw(der));
}

// decode reads a SubjectPublicKeyInfo in whatever encoding.
Result<OwnedKey> decode(std::span<const std::byte> der, OSSL_LIB_CTX* context) {
  const ErrorQueue errors;
  // One fixed form needs no decoder: setting up OpenSSL's takes longer than all the rest of what a
  // program does before its first import.
  if (is_ed25519(der)) {
    OwnedKey key(EVP_PKEY_new_raw_public_key_ex(context, "ED25519", kProvider,
                                                raw(der.last(kEd25519Bytes)), kEd25519Bytes));
    if (!key) return errors.failure(Errc::kBadKey, "not an Ed25519 key");
    return key;
  }
  const unsigned char* at = raw(der);
  const unsigned char* const end = at + der.size();
  OwnedKey key(d2i_PUBKEY_ex(nullptr, &at, static_cast<long>(der.size()), context, kProvider));
  if (!key) return errors.failure(Errc::kBadKey, "not a public key: " + std::string(kAccepted));
  if (at != end) return bad_key("there are bytes behind the public key");
  return key;
}

Result<PublicKey> from_block(const Pem& block) {
  if (block.label != "PUBLIC KEY") return wrong_label(block.label, "a public key");
  return PublicKey::from_der(block.der.bytes());
}

}  // namespace

std::string_view algorithm_name(KeyAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case KeyAlgorithm::kEd25519:
      return "ed25519";
    case KeyAlgorithm::kEcdsaP256:
      return "ecdsa-p256";
    case KeyAlgorithm::kEcdsaP384:
      return "ecdsa-p384";
    case KeyAlgorithm::kRsaPss:
      return "rsa-pss";
  }
  return {};
}

PublicKey::PublicKey(std::shared_ptr<const Material> material) noexcept
    : material_(std::move(material)) {}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  SIGNEDVFS_ASSIGN(const Pem block, read_pem(pem));
  return from_block(block);
}

Result<PublicKey> PublicKey::from_der(std::span<const std::byte> der) {
  if (der.size() > kKeyBytes) return bad_key("larger than 64 KiB: not a key");
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  SIGNEDVFS_ASSIGN(OwnedKey key, decode(der, context));
  SIGNEDVFS_ASSIGN(const KeyAlgorithm algorithm, algorithm_of(key.get()));
  SIGNEDVFS_TRY(refuse_weak(algorithm, key.get()));
  if (!is_ed25519(der) && !encodes_as(key.get(), der)) {
    return bad_key("the public key is not canonical DER");
  }
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(HashType::kSha256, der));
  const int bits = EVP_PKEY_get_bits(key.get());
  return PublicKey(std::make_shared<const Material>(
      Material{std::move(key), algorithm, bits, {der.begin(), der.end()}, digest.hex()}));
}

Result<PublicKey> PublicKey::from_rsa(std::span<const std::byte> modulus,
                                      std::span<const std::byte> exponent) {
  if (modulus.size() + exponent.size() > kKeyBytes) return bad_key("larger than 64 KiB: not a key");
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  const OwnedNumber n = number_of(modulus);
  const OwnedNumber e = number_of(exponent);
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return errors.failure(Errc::kCrypto, "RSA key");
  }
  const Owned<OSSL_PARAM, OSSL_PARAM_free> numbers(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> work(
      EVP_PKEY_CTX_new_from_name(context, "RSA", kProvider));
  EVP_PKEY* made = nullptr;
  if (!numbers || !work || EVP_PKEY_fromdata_init(work.get()) != 1 ||
      EVP_PKEY_fromdata(work.get(), &made, EVP_PKEY_PUBLIC_KEY, numbers.get()) != 1) {
    return errors.failure(Errc::kBadKey, "these numbers make no RSA key");
  }
  const OwnedKey key(made);
  return from_der(public_half(key.get()));
}

Result<PublicKey> PublicKey::load(const std::string& path) {
  SIGNEDVFS_ASSIGN(const Pem block, read_pem_file(path));
  Result<PublicKey> key = from_block(block);
  if (!key.ok()) return std::move(key).status().in(path);
  return key;
}

KeyAlgorithm PublicKey::algorithm() const noexcept { return material_->algorithm; }

int PublicKey::bits() const noexcept { return material_->bits; }

const std::string& PublicKey::fingerprint() const& noexcept { return material_->fingerprint; }

std::span<const std::byte> PublicKey::der() const& noexcept { return material_->der; }

std::string PublicKey::pem() const {
  constexpr std::size_t kLine = 64;
  const std::string base64 = base64_encode(material_->der);
  std::string text = "-----BEGIN PUBLIC KEY-----\n";
  for (std::size_t at = 0; at < base64.size(); at += kLine) {
    text.append(base64, at, kLine).append("\n");
  }
  return text + "-----END PUBLIC KEY-----\n";
}

Status PublicKey::check(std::span<const std::byte> message,
                        std::span<const std::byte> signature) const {
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  const SignatureScheme scheme(algorithm());
  const OwnedDigestContext work(EVP_MD_CTX_new());
  if (!work || EVP_DigestVerifyInit_ex(work.get(), nullptr, scheme.digest(), context, kProvider,
                                       material_->key.get(), scheme.parameters()) != 1) {
    return errors.failure(Errc::kCrypto, "key " + fingerprint() + ": OpenSSL cannot check " +
                                             std::string(algorithm_name(algorithm())));
  }
  // 0 means that the signature does not fit, negative values that it could not even be read; 1
  // alone is success.
  const int verdict =
      EVP_DigestVerify(work.get(), raw(signature), signature.size(), raw(message), message.size());
  if (verdict == 1) return {};
  return errors.failure(Errc::kBadSignature, "the signature by key " + fingerprint() + " (" +
                                                 std::string(algorithm_name(algorithm())) +
                                                 ") does not fit what it should cover");
}

}  // namespace signedvfs
