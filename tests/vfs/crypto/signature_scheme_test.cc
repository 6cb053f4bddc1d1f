#include "vfs/crypto/signature_scheme.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include <string>

#include "tests/vfs/openssl_keys.h"

namespace signedvfs {
namespace {

// Scheme is a way to sign that OpenSSL offers.
struct Scheme {
  const char* digest = nullptr;
  int padding = 0;
  int salt_bytes = 0;
  const char* mgf1 = nullptr;
};

Bytes sign_as(const OwnedKey& key, const Scheme& scheme, const Bytes& message) {
  const OwnedDigestContext work(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;
  EXPECT_EQ(EVP_DigestSignInit_ex(work.get(), &details, scheme.digest, openssl_context().value(),
                                  kProvider, key.get(), nullptr),
            1);
  if (scheme.padding != 0) {
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(details, scheme.padding), 1);
  }
  if (scheme.padding == RSA_PKCS1_PSS_PADDING) {
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(details, scheme.salt_bytes), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_mgf1_md_name(details, scheme.mgf1, kProvider), 1);
  }
  Bytes signature(1024);
  std::size_t size = signature.size();
  EXPECT_EQ(EVP_DigestSign(work.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           raw(message), message.size()),
            1);
  signature.resize(size);
  return signature;
}

// D4: PSS parameters that are left open, and PKCS#1 v1.5
TEST(SignatureScheme, PinsEveryParameterOfRsaPss) {
  const OwnedKey pair = openssl_key("RSA", 2048);
  const PublicKey key = PublicKey::from_der(info_of(pair)).value();
  const Bytes message = from_hex("00ff");
  const auto verdict = [&](const Scheme& scheme) {
    return key.check(message, sign_as(pair, scheme, message)).code();
  };
  constexpr int kPss = RSA_PKCS1_PSS_PADDING;
  EXPECT_EQ(verdict({"SHA256", kPss, 32, "SHA256"}), Errc::kOk);

  for (const int salt_bytes : {0, 1, 20, 31, 33, 64, RSA_PSS_SALTLEN_MAX}) {
    EXPECT_EQ(verdict({"SHA256", kPss, salt_bytes, "SHA256"}), Errc::kBadSignature) << salt_bytes;
  }
  for (const char* const mgf1 : {"SHA1", "SHA224", "SHA384", "SHA512", "MD5"}) {
    EXPECT_EQ(verdict({"SHA256", kPss, 32, mgf1}), Errc::kBadSignature) << mgf1;
  }
  for (const char* const digest : {"SHA1", "SHA224", "SHA384", "SHA512", "SHA512-256"}) {
    EXPECT_EQ(verdict({digest, kPss, 32, "SHA256"}), Errc::kBadSignature) << digest;
    EXPECT_EQ(verdict({digest, kPss, 32, digest}), Errc::kBadSignature) << digest;
  }
  EXPECT_EQ(verdict({"SHA256", RSA_PKCS1_PADDING, 0, nullptr}), Errc::kBadSignature);
  EXPECT_EQ(verdict({"SHA1", RSA_PKCS1_PADDING, 0, nullptr}), Errc::kBadSignature);
  EXPECT_EQ(verdict({"SHA256", RSA_X931_PADDING, 0, nullptr}), Errc::kBadSignature);
}

// D1: the signature chooses the digest
TEST(SignatureScheme, PinsTheDigestOfEachCurve) {
  const Bytes message = from_hex("00ff");
  const std::string genuine[] = {"SHA256", "SHA384"};
  const char* const curves[] = {"P-256", "P-384"};
  for (std::size_t i = 0; i < 2; ++i) {
    const OwnedKey pair = openssl_key("EC", curves[i]);
    const PublicKey key = PublicKey::from_der(info_of(pair)).value();
    for (const char* const digest : {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256"}) {
      const Status status = key.check(message, sign_as(pair, {digest}, message));
      EXPECT_EQ(status.code(), digest == genuine[i] ? Errc::kOk : Errc::kBadSignature)
          << curves[i] << " with " << digest;
    }
  }
}

}  // namespace
}  // namespace signedvfs
