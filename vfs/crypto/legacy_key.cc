#include "vfs/crypto/legacy_key.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>

#include <array>

#include "archive/base/buffer.h"
#include "vfs/crypto/digest.h"
#include "vfs/crypto/openssl.h"

namespace signedvfs {
namespace {

Result<OwnedKey> key_object(const PublicKey& key) {
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  const unsigned char* at = raw(key.der());
  OwnedKey object(
      d2i_PUBKEY_ex(nullptr, &at, static_cast<long>(key.der().size()), context, kProvider));
  if (!object) return errors.failure(Errc::kCrypto, "key " + key.fingerprint());
  return object;
}

std::vector<std::byte> big_endian(const EVP_PKEY* key, const char* parameter) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) return {};
  const OwnedNumber owner(number);
  std::vector<std::byte> bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

// decimal returns one of an RSA key's numbers, and an empty text where there is no memory for it.
std::string decimal(const EVP_PKEY* key, const char* parameter) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) return {};
  const OwnedNumber owner(number);
  const OwnedMemory<char> digits(BN_bn2dec(number));
  return digits ? std::string(digits.get()) : std::string();
}

}  // namespace

Result<std::optional<std::string>> legacy_fingerprint(const PublicKey& key) {
  if (key.algorithm() != KeyAlgorithm::kRsaPss) return std::optional<std::string>();
  SIGNEDVFS_ASSIGN(const OwnedKey object, key_object(key));
  const std::string modulus = decimal(object.get(), OSSL_PKEY_PARAM_RSA_N);
  const std::string exponent = decimal(object.get(), OSSL_PKEY_PARAM_RSA_E);
  if (modulus.empty() || exponent.empty()) {
    return Status(Errc::kCrypto, "the numbers of key " + key.fingerprint() + " cannot be read");
  }
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(HashType::kLegacySha1,
                                                  bytes_of("RSAKey " + modulus + " " + exponent)));
  return std::optional<std::string>(digest.hex());
}

Result<RsaNumbers> rsa_numbers(const PublicKey& key) {
  if (key.algorithm() != KeyAlgorithm::kRsaPss) {
    return Status(Errc::kUsage,
                  "key " + key.fingerprint() + " is not RSA, and has no such numbers");
  }
  SIGNEDVFS_ASSIGN(const OwnedKey object, key_object(key));
  const ErrorQueue errors;
  RsaNumbers out{big_endian(object.get(), OSSL_PKEY_PARAM_RSA_N),
                 big_endian(object.get(), OSSL_PKEY_PARAM_RSA_E)};
  if (out.modulus.empty() || out.exponent.empty()) {
    return errors.failure(Errc::kCrypto,
                          "the numbers of key " + key.fingerprint() + " cannot be read");
  }
  return out;
}

Status check_legacy_signature(const PublicKey& key, std::span<const std::byte> message,
                              std::span<const std::byte> signature) {
  SIGNEDVFS_ASSIGN(const OwnedKey object, key_object(key));
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  std::array<char, 4> padding{"pss"};
  std::array<char, 5> mgf1{"SHA1"};
  int salt_bytes = 8;
  const std::array<OSSL_PARAM, 4> scheme{
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, padding.data(), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, mgf1.data(), 0),
      OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt_bytes),
      OSSL_PARAM_construct_end()};
  const OwnedDigestContext work(EVP_MD_CTX_new());
  if (!work || EVP_DigestVerifyInit_ex(work.get(), nullptr, "SHA1", context, kProvider,
                                       object.get(), scheme.data()) != 1) {
    return errors.failure(Errc::kCrypto,
                          "key " + key.fingerprint() + ": OpenSSL cannot check RSA-PSS with SHA-1");
  }
  if (EVP_DigestVerify(work.get(), raw(signature), signature.size(), raw(message),
                       message.size()) == 1) {
    return {};
  }
  return errors.failure(Errc::kBadSignature,
                        "the signature by key " + key.fingerprint() +
                            " (RSA-PSS with SHA-1) does not fit what it should cover");
}

}  // namespace signedvfs
