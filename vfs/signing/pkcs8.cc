#include "vfs/signing/pkcs8.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <array>

#include "vfs/signing/derivation_cost.h"

namespace signedvfs {
namespace {

using OwnedKeyInfo = Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using OwnedEncrypted = Owned<X509_SIG, X509_SIG_free>;
using OwnedAlgorithm = Owned<X509_ALGOR, X509_ALGOR_free>;
using OwnedString = Owned<ASN1_STRING, ASN1_STRING_free>;

// RFC 7914. 16 MiB of memory for each of the five passes: as much as derivation_cost.h lets a key
// file ask for, since with r = 8 the next N needs a little more than 32 MiB.
constexpr long kCost = 1L << 14;
constexpr long kBlockSize = 8;
constexpr long kParallelization = 5;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kIvBytes = 16;

// OpenSSL takes the length of a password as an int, and -1 for a C string.
constexpr std::size_t kPasswordBytes = std::size_t{1} << 20;

// set gives `algorithm` the name `nid` and `value` as its parameters.
bool set(X509_ALGOR* algorithm, int nid, int type, OwnedString value) {
  if (!value) return false;
  ASN1_STRING* const given = value.release();
  if (X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), type, given) == 1) return true;
  ASN1_STRING_free(given);
  return false;
}

OwnedString octets(std::span<const unsigned char> bytes) {
  OwnedString string(ASN1_OCTET_STRING_new());
  if (!string || ASN1_STRING_set(string.get(), bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return nullptr;
  }
  return string;
}

OwnedString sequence(const void* value, const ASN1_ITEM* item) {
  ASN1_STRING* packed = nullptr;
  return OwnedString(ASN1_item_pack(const_cast<void*>(value), item, &packed));
}

// pbes2 returns the AlgorithmIdentifier of RFC 8018 section 6.2. PKCS5_pbe2_set_scrypt would make
// it too, but takes its algorithms from OpenSSL's default context.
OwnedAlgorithm pbes2(OSSL_LIB_CTX* context) {
  std::array<unsigned char, kSaltBytes> salt{};
  std::array<unsigned char, kIvBytes> iv{};
  const Owned<SCRYPT_PARAMS, SCRYPT_PARAMS_free> scrypt(SCRYPT_PARAMS_new());
  const Owned<PBE2PARAM, PBE2PARAM_free> scheme(PBE2PARAM_new());
  OwnedAlgorithm algorithm(X509_ALGOR_new());
  if (!scrypt || !scheme || !algorithm ||
      RAND_bytes_ex(context, salt.data(), salt.size(), 0) != 1 ||
      RAND_bytes_ex(context, iv.data(), iv.size(), 0) != 1 ||
      ASN1_STRING_set(scrypt->salt, salt.data(), static_cast<int>(salt.size())) != 1 ||
      ASN1_INTEGER_set(scrypt->costParameter, kCost) != 1 ||
      ASN1_INTEGER_set(scrypt->blockSize, kBlockSize) != 1 ||
      ASN1_INTEGER_set(scrypt->parallelizationParameter, kParallelization) != 1 ||
      !set(scheme->keyfunc, NID_id_scrypt, V_ASN1_SEQUENCE,
           sequence(scrypt.get(), ASN1_ITEM_rptr(SCRYPT_PARAMS))) ||
      !set(scheme->encryption, NID_aes_256_cbc, V_ASN1_OCTET_STRING, octets(iv)) ||
      !set(algorithm.get(), NID_pbes2, V_ASN1_SEQUENCE,
           sequence(scheme.get(), ASN1_ITEM_rptr(PBE2PARAM)))) {
    return nullptr;
  }
  return algorithm;
}

OwnedEncrypted encrypt(PKCS8_PRIV_KEY_INFO* info, const std::string& password,
                       OSSL_LIB_CTX* context) {
  X509_ALGOR* const algorithm = pbes2(context).release();
  if (algorithm == nullptr) return nullptr;
  OwnedEncrypted encrypted(PKCS8_set0_pbe_ex(password.data(), static_cast<int>(password.size()),
                                             info, algorithm, context, kProvider));
  if (!encrypted) X509_ALGOR_free(algorithm);
  return encrypted;
}

Result<OwnedKey> key_of(const PKCS8_PRIV_KEY_INFO* info, OSSL_LIB_CTX* context,
                        const ErrorQueue& errors) {
  OwnedKey key(EVP_PKCS82PKEY_ex(info, context, kProvider));
  if (!key) return errors.failure(Errc::kBadKey, "not a private key of a kind that is handled");
  return key;
}

}  // namespace

Result<OwnedKey> decode_pkcs8(std::span<const std::byte> der) {
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  const unsigned char* at = raw(der);
  const unsigned char* const end = at + der.size();
  const OwnedKeyInfo info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  if (!info || at != end) return errors.failure(Errc::kBadKey, "not a PKCS#8 private key");
  return key_of(info.get(), context, errors);
}

Result<OwnedKey> decrypt_pkcs8(std::span<const std::byte> der, const std::string& password) {
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  const unsigned char* at = raw(der);
  const unsigned char* const end = at + der.size();
  const OwnedEncrypted encrypted(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!encrypted || at != end) {
    return errors.failure(Errc::kBadKey, "not an encrypted PKCS#8 private key");
  }
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(encrypted.get(), &algorithm, nullptr);
  if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2) {
    return Status(Errc::kBadKey,
                  "the private key is encrypted in an old way, not with PBES2; `openssl pkcs8 -in "
                  "FILE | openssl pkcs8 -topk8 -scrypt` converts it");
  }
  SIGNEDVFS_TRY(refuse_costly(*algorithm));
  if (password.size() > kPasswordBytes) {
    return Status(Errc::kWrongPassword, "the private key's password is longer than 1 MiB");
  }
  const OwnedKeyInfo info(PKCS8_decrypt_ex(encrypted.get(), password.data(),
                                           static_cast<int>(password.size()), context, kProvider));
  if (!info) {
    return errors.failure(Errc::kWrongPassword, "the private key's password is wrong");
  }
  return key_of(info.get(), context, errors);
}

Result<std::string> encode_pkcs8(const EVP_PKEY* key, const std::optional<std::string>& password) {
  if (password && password->empty()) {
    return Status(Errc::kUsage, "an empty password protects nothing; give one, or none at all");
  }
  if (password && password->size() > kPasswordBytes) {
    return Status(Errc::kUsage, "the password is longer than 1 MiB");
  }
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  const OwnedKeyInfo info(EVP_PKEY2PKCS8(key));
  const OwnedBio output(BIO_new(BIO_s_secmem()));
  bool written = false;
  if (info && output && password) {
    const OwnedEncrypted encrypted = encrypt(info.get(), *password, context);
    written = encrypted && PEM_write_bio_PKCS8(output.get(), encrypted.get()) == 1;
  } else if (info && output) {
    written = PEM_write_bio_PKCS8_PRIV_KEY_INFO(output.get(), info.get()) == 1;
  }
  if (!written) return errors.failure(Errc::kCrypto, "OpenSSL cannot encode the private key");
  char* text = nullptr;
  const long size = BIO_get_mem_data(output.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace signedvfs
