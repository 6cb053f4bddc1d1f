#include "vfs/crypto/pem.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "archive/os/opened_file.h"
#include "archive/os/regular_file.h"
#include "vfs/crypto/openssl.h"

namespace signedvfs {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

struct Meaning {
  std::string_view label;
  std::string_view text;
};

constexpr std::string_view kPrivate =
    "a private key; `openssl pkey -in FILE -pubout` prints its public key";
constexpr std::string_view kTraditional =
    "a private key in OpenSSL's traditional format; `openssl pkcs8 -topk8 -in FILE` converts it";

constexpr std::array<Meaning, 8> kMeanings = {{
    {"PUBLIC KEY", "a public key"},
    {"PRIVATE KEY", kPrivate},
    {"ENCRYPTED PRIVATE KEY", kPrivate},
    {"RSA PRIVATE KEY", kTraditional},
    {"EC PRIVATE KEY", kTraditional},
    {"OPENSSH PRIVATE KEY",
     "a private key of OpenSSH; `ssh-keygen -p -m PKCS8 -f COPY` converts a copy of it"},
    {"RSA PUBLIC KEY",
     "a PKCS#1 public key; `openssl rsa -RSAPublicKey_in -in FILE -pubout` converts it"},
    {"CERTIFICATE", "a certificate; `openssl x509 -in FILE -noout -pubkey` prints its public key"},
}};

// PemBlock owns what PEM_read_bio_ex allocates.
struct PemBlock {
  PemBlock() = default;
  PemBlock(const PemBlock&) = delete;
  PemBlock& operator=(const PemBlock&) = delete;
  ~PemBlock() {
    OPENSSL_secure_free(label);
    OPENSSL_secure_free(headers);
    OPENSSL_secure_clear_free(data, static_cast<std::size_t>(size));
  }

  char* label = nullptr;
  char* headers = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
};

}  // namespace

SecretBytes::~SecretBytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

Result<Pem> read_pem(std::string_view text) {
  if (text.size() > kKeyBytes) return Status(Errc::kBadKey, "larger than 64 KiB: not a key");
  text.remove_prefix(std::min(text.find_first_not_of(kWhiteSpace), text.size()));
  const ErrorQueue errors;
  if (auto context = openssl_context(); !context.ok()) return std::move(context).status();
  const OwnedBio input(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  PemBlock block;
  if (!input || PEM_read_bio_ex(input.get(), &block.label, &block.headers, &block.data, &block.size,
                                PEM_FLAG_SECURE) != 1) {
    return errors.failure(Errc::kBadKey, "not a PEM text");
  }
  // OpenSSL skips whatever stands in front of the block.
  if (!text.starts_with("-----BEGIN " + std::string(block.label) + "-----")) {
    return Status(Errc::kBadKey, "not a PEM text: it must start with -----BEGIN");
  }
  char* rest = nullptr;
  const long rest_size = BIO_get_mem_data(input.get(), &rest);
  const std::string_view behind(rest, static_cast<std::size_t>(rest_size));
  if (behind.find_first_not_of(kWhiteSpace) != std::string_view::npos) {
    return Status(Errc::kBadKey,
                  "text behind the PEM block, where one key and no more is expected");
  }
  if (*block.headers != '\0') {
    return Status(Errc::kBadKey,
                  "the PEM block has headers: it holds " + std::string(kTraditional));
  }
  Pem pem{block.label, SecretBytes(static_cast<std::size_t>(block.size))};
  std::copy_n(reinterpret_cast<const std::byte*>(block.data), block.size, pem.der.bytes().begin());
  return pem;
}

Result<Pem> read_pem_file(const std::string& path) {
  Result<FileDescriptor> file = open_regular(path);
  if (file.code() == Errc::kNotRegular) {
    return Status(Errc::kBadKey, std::move(file).status().what());
  }
  if (!file.ok()) return std::move(file).status();
  SecretBytes content(kKeyBytes + 1);
  SIGNEDVFS_ASSIGN(const std::size_t size, read_some(file->get(), content.bytes(), path));
  Result<Pem> pem = read_pem({reinterpret_cast<const char*>(content.bytes().data()), size});
  if (!pem.ok()) return std::move(pem).status().in(path);
  return pem;
}

Status wrong_label(std::string_view label, std::string_view expected) {
  std::string holds = in_quotes(label);
  for (const Meaning& meaning : kMeanings) {
    if (meaning.label == label) holds = meaning.text;
  }
  return {Errc::kBadKey, std::string(expected) + " is expected; this is " + holds};
}

}  // namespace signedvfs
