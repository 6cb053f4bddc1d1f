#include "vfs/signing/legacy_key_file.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <array>
#include <string_view>
#include <utility>

#include "archive/os/opened_file.h"
#include "archive/os/regular_file.h"
#include "vfs/crypto/openssl.h"
#include "vfs/crypto/pem.h"
#include "vfs/signing/legacy_pickle.h"

namespace signedvfs {
namespace {

constexpr std::string_view kHead = "AES CBC SHA1\n24 8 1000\n";
constexpr std::size_t kLegacyKey = 24;
constexpr std::size_t kLegacySalt = 8;
constexpr std::size_t kAesBlock = 16;
constexpr std::size_t kLegacyMac = 20;
constexpr std::size_t kMostPasswordBytes = std::size_t{1} << 20;

// Parts are what a file is made of, borrowed.
struct Parts {
  std::span<const std::byte> salt;
  std::span<const std::byte> vector;
  std::span<const std::byte> encrypted;
  std::span<const std::byte> mac;
};

Result<Parts> parts_of(std::span<const std::byte> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with("AES CBC SHA1\n")) {
    return Status(Errc::kBadKey, "not a key file that signedimp wrote");
  }
  if (!text.starts_with(kHead)) {
    return Status(
        Errc::kBadKey,
        "a key file with other parameters than signedimp ever wrote: a key of 24 bytes, 8 "
        "bytes of salt and 1000 rounds are accepted");
  }
  const auto rest = file.subspan(kHead.size());
  constexpr std::size_t kAround = kLegacySalt + kAesBlock + kLegacyMac;
  if (rest.size() <= kAround || (rest.size() - kAround) % kAesBlock != 0) {
    return Status(Errc::kBadKey, "the key file is cut off, or something follows it");
  }
  const auto behind_salt = rest.subspan(kLegacySalt);
  const auto behind_vector = behind_salt.subspan(kAesBlock);
  return Parts{rest.first(kLegacySalt), behind_salt.first(kAesBlock),
               behind_vector.first(behind_vector.size() - kLegacyMac), rest.last(kLegacyMac)};
}

unsigned char* raw_of(SecretBytes& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.bytes().data());
}

bool derive(OSSL_LIB_CTX* context, const std::string& password, std::span<const std::byte> salt,
            SecretBytes& key) {
  const Owned<EVP_KDF, EVP_KDF_free> kdf(EVP_KDF_fetch(context, "PBKDF2", kProvider));
  const Owned<EVP_KDF_CTX, EVP_KDF_CTX_free> work(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
  std::array<char, 5> digest{"SHA1"};
  unsigned int rounds = 1000;
  int as_in_pkcs5 = 1;  // newer rules want more salt
  const std::array<OSSL_PARAM, 6> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, const_cast<char*>(password.data()),
                                        password.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<std::byte*>(salt.data()),
                                        salt.size()),
      OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &as_in_pkcs5),
      OSSL_PARAM_construct_end()};
  return work && EVP_KDF_derive(work.get(), raw_of(key), kLegacyKey, parameters.data()) == 1;
}

bool compute_mac(OSSL_LIB_CTX* context, SecretBytes& key, std::span<const std::byte> data,
                 SecretBytes& mac) {
  std::size_t size = 0;
  return EVP_Q_mac(context, "HMAC", kProvider, "SHA1", nullptr, raw_of(key), kLegacyKey, raw(data),
                   data.size(), raw_of(mac), kLegacyMac, &size) != nullptr &&
         size == kLegacyMac;
}

bool decrypt(OSSL_LIB_CTX* context, SecretBytes& key, const Parts& parts, SecretBytes& out) {
  const Owned<EVP_CIPHER, EVP_CIPHER_free> cipher(
      EVP_CIPHER_fetch(context, "AES-192-CBC", kProvider));
  const Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> work(EVP_CIPHER_CTX_new());
  int size = 0;
  int more = 0;
  return cipher && work &&
         EVP_DecryptInit_ex2(work.get(), cipher.get(), raw_of(key), raw(parts.vector), nullptr) ==
             1 &&
         EVP_CIPHER_CTX_set_padding(work.get(), 0) == 1 &&
         EVP_DecryptUpdate(work.get(), raw_of(out), &size, raw(parts.encrypted),
                           static_cast<int>(parts.encrypted.size())) == 1 &&
         EVP_DecryptFinal_ex(work.get(), raw_of(out) + size, &more) == 1 &&
         static_cast<std::size_t>(size) + static_cast<std::size_t>(more) == out.bytes().size();
}

// pickle_in returns the decrypted pickle, after its MAC has been compared.
Result<SecretBytes> pickle_in(std::span<const std::byte> file, const std::string& password) {
  SIGNEDVFS_ASSIGN(const Parts parts, parts_of(file));
  if (password.size() > kMostPasswordBytes) {
    return Status(Errc::kWrongPassword, "the key file's password is longer than 1 MiB");
  }
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  SecretBytes key(kLegacyKey);
  SecretBytes mac(kLegacyMac);
  SecretBytes pickle(parts.encrypted.size());
  if (!derive(context, password, parts.salt, key) ||
      !compute_mac(context, key, parts.encrypted, mac)) {
    return errors.failure(Errc::kCrypto, "OpenSSL cannot authenticate the key file");
  }
  if (CRYPTO_memcmp(mac.bytes().data(), parts.mac.data(), kLegacyMac) != 0) {
    return Status(Errc::kWrongPassword,
                  "the key file's password is wrong, or somebody has changed the file");
  }
  if (!decrypt(context, key, parts, pickle)) {
    return errors.failure(Errc::kCrypto, "OpenSSL cannot decrypt the key file");
  }
  return pickle;
}

// binary returns a decimal number big-endian.
Result<SecretBytes> binary(std::string_view decimal) {
  const ErrorQueue errors;
  if (auto context = openssl_context(); !context.ok()) return std::move(context).status();
  std::string digits(decimal);  // ends in a NUL, which a view does not
  BIGNUM* number = nullptr;
  const int read = BN_dec2bn(&number, digits.c_str());
  const Owned<BIGNUM, BN_clear_free> owner(number);
  wipe(digits);
  if (read == 0 || static_cast<std::size_t>(read) != decimal.size()) {
    return errors.failure(Errc::kCrypto, "a number of the key file");
  }
  SecretBytes out(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, raw_of(out));
  return out;
}

Result<PrivateKey> key_in(std::span<const std::byte> file, const std::string& password) {
  SIGNEDVFS_ASSIGN(const SecretBytes pickle, pickle_in(file, password));
  const std::span<const std::byte> text = pickle.bytes();
  SIGNEDVFS_ASSIGN(const LegacyKeyNumbers numbers,
                   parse_legacy_pickle({reinterpret_cast<const char*>(text.data()), text.size()}));
  if (numbers.private_exponent.empty()) {
    return Status(Errc::kBadKey, "the key file holds a public key, and nothing to sign with");
  }
  SIGNEDVFS_ASSIGN(const SecretBytes modulus, binary(numbers.modulus));
  SIGNEDVFS_ASSIGN(const SecretBytes exponent, binary(numbers.exponent));
  SIGNEDVFS_ASSIGN(const SecretBytes secret, binary(numbers.private_exponent));
  Result<PrivateKey> key = PrivateKey::from_rsa(modulus.bytes(), exponent.bytes(), secret.bytes());
  if (key.code() != Errc::kWeakKey) return key;
  return std::move(key).status().advising(
      "Make a new key, with signedvfs keygen, and sign anew what this one has signed.");
}

}  // namespace

Result<PrivateKey> load_legacy_key(const std::string& path, const std::string& password) {
  Result<FileDescriptor> file = open_regular(path);
  if (file.code() == Errc::kNotRegular) return Status(Errc::kBadKey, file.status().what());
  if (!file.ok()) return std::move(file).status();
  SecretBytes content(kKeyBytes + 1);
  SIGNEDVFS_ASSIGN(const std::size_t size, read_some(file->get(), content.bytes(), path));
  if (size > kKeyBytes) return Status(Errc::kBadKey, path + ": larger than 64 KiB: not a key");
  Result<PrivateKey> key = key_in(std::as_const(content).bytes().first(size), password);
  if (!key.ok()) return std::move(key).status().in(path);
  return key;
}

Result<PublicKey> legacy_public_key(std::string_view pickle) {
  if (pickle.size() > kKeyBytes) return Status(Errc::kBadKey, "larger than 64 KiB: not a key");
  SIGNEDVFS_ASSIGN(const LegacyKeyNumbers numbers, parse_legacy_pickle(pickle));
  SIGNEDVFS_ASSIGN(const SecretBytes modulus, binary(numbers.modulus));
  SIGNEDVFS_ASSIGN(const SecretBytes exponent, binary(numbers.exponent));
  return PublicKey::from_rsa(modulus.bytes(), exponent.bytes());
}

}  // namespace signedvfs
