#include "vfs/signing/source_hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "vfs/crypto/openssl.h"

namespace signedvfs {
namespace {

// Magic numbers are 16 bits of a number and CR LF. Those between the two Pythons belong to
// pre-releases, some of which do it in one way and some in the other.
constexpr std::uint32_t kCrLf = 0x0a0d;
constexpr std::uint32_t kFirst = 3392;    // 3.7, from where on there are hash-based .pyc files
constexpr std::uint32_t kLast24 = 3439;   // 3.10, the last one with SipHash-2-4
constexpr std::uint32_t kFirst13 = 3495;  // 3.11, the first one with SipHash-1-3

// Rounds are SipHash's two numbers.
struct Rounds {
  unsigned compression;
  unsigned finalization;
};

std::optional<Rounds> rounds_of(std::uint32_t magic) {
  const std::uint32_t number = magic & 0xffffU;
  if (magic >> 16U != kCrLf || number < kFirst) return {};
  if (number <= kLast24) return Rounds{2, 4};
  if (number >= kFirst13) return Rounds{1, 3};
  return {};
}

bool hash(EVP_MAC_CTX* context, std::uint32_t magic, Rounds rounds,
          std::span<const std::byte> source, SourceHash& out) {
  std::array<unsigned char, 16> key{};
  for (unsigned i = 0; i < sizeof magic; ++i) {
    key[i] = static_cast<unsigned char>(magic >> (8 * i) & 0xffU);
  }
  std::size_t size = out.size();
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
      OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &rounds.compression),
      OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &rounds.finalization),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_init(context, key.data(), key.size(), parameters) == 1 &&
         EVP_MAC_update(context, raw(source), source.size()) == 1 &&
         EVP_MAC_final(context, reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) ==
             1 &&
         size == out.size();
}

}  // namespace

Result<std::optional<SourceHash>> source_hash(std::uint32_t magic,
                                              std::span<const std::byte> source) {
  const std::optional<Rounds> rounds = rounds_of(magic);
  if (!rounds) return std::optional<SourceHash>();
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const library, openssl_context());
  const Owned<EVP_MAC, EVP_MAC_free> siphash(EVP_MAC_fetch(library, "SIPHASH", kProvider));
  const Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> context(siphash ? EVP_MAC_CTX_new(siphash.get())
                                                             : nullptr);
  SourceHash out;
  if (!context || !hash(context.get(), magic, *rounds, source, out)) {
    return errors.failure(Errc::kCrypto, "OpenSSL cannot compute SipHash");
  }
  return std::optional<SourceHash>(out);
}

}  // namespace signedvfs
