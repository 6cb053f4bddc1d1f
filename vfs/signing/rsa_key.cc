#include "vfs/signing/rsa_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <array>
#include <cstdint>
#include <utility>

#include "vfs/crypto/public_key.h"

namespace signedvfs {
namespace {

using OwnedSecret = Owned<BIGNUM, BN_clear_free>;
using OwnedWork = Owned<BN_CTX, BN_CTX_free>;

// secret returns a number whose memory is cleared, and whose bits do not show in how long
// exponentiation takes.
OwnedSecret secret_number() {
  OwnedSecret number(BN_secure_new());
  if (number) BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

OwnedSecret secret_number(std::span<const std::byte> bytes) {
  OwnedSecret number = secret_number();
  if (number && BN_bin2bn(raw(bytes), static_cast<int>(bytes.size()), number.get()) == nullptr) {
    return nullptr;
  }
  return number;
}

// Pair is what a key pair is made of; `p` and `q` are found out.
struct Pair {
  OwnedSecret n, e, d, p, q;
  bool complete() const { return n && e && d && p && q; }
};

enum class Search : std::uint8_t { kFound, kNotFound, kFailed };

// try_root looks for a square root of 1 modulo n, other than 1 and -1, among the powers of `base`.
// It and n have a factor in common.
Search try_root(Pair& pair, const BIGNUM* odd, int twos, BN_ULONG base, BN_CTX* work) {
  const OwnedSecret x = secret_number();
  const OwnedSecret square = secret_number();
  const OwnedSecret minus_one = secret_number();
  const OwnedSecret start = secret_number();
  if (!x || !square || !minus_one || !start || BN_set_word(start.get(), base) != 1 ||
      BN_copy(minus_one.get(), pair.n.get()) == nullptr || BN_sub_word(minus_one.get(), 1) != 1 ||
      BN_mod_exp(x.get(), start.get(), odd, pair.n.get(), work) != 1) {
    return Search::kFailed;
  }
  for (int i = 0; i < twos; ++i) {
    if (BN_is_one(x.get()) != 0 || BN_cmp(x.get(), minus_one.get()) == 0) return Search::kNotFound;
    if (BN_mod_sqr(square.get(), x.get(), pair.n.get(), work) != 1) return Search::kFailed;
    if (BN_is_one(square.get()) == 0) {
      BN_swap(x.get(), square.get());
      continue;
    }
    if (BN_sub_word(x.get(), 1) != 1 || BN_gcd(pair.p.get(), x.get(), pair.n.get(), work) != 1 ||
        BN_div(pair.q.get(), square.get(), pair.n.get(), pair.p.get(), work) != 1) {
      return Search::kFailed;
    }
    return BN_is_zero(square.get()) != 0 ? Search::kFound : Search::kNotFound;
  }
  return Search::kNotFound;
}

// find_factors gives the pair its p and q. Of every two bases one finds them, where e and d belong
// to n at all.
Search find_factors(Pair& pair, BN_CTX* work) {
  constexpr std::array<BN_ULONG, 25> kBases{2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37, 41,
                                            43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97};
  const OwnedSecret odd = secret_number();
  if (!odd || BN_mul(odd.get(), pair.e.get(), pair.d.get(), work) != 1 ||
      BN_sub_word(odd.get(), 1) != 1) {
    return Search::kFailed;
  }
  int twos = 0;
  while (BN_is_zero(odd.get()) == 0 && BN_is_bit_set(odd.get(), twos) == 0) ++twos;
  if (twos == 0 || BN_rshift(odd.get(), odd.get(), twos) != 1) return Search::kNotFound;
  for (const BN_ULONG base : kBases) {
    const Search verdict = try_root(pair, odd.get(), twos, base, work);
    if (verdict != Search::kNotFound) return verdict;
  }
  return Search::kNotFound;
}

// exponent_for returns d modulo `prime` - 1.
OwnedSecret exponent_for(const BIGNUM* d, const BIGNUM* prime, BN_CTX* work) {
  const OwnedSecret less = secret_number();
  OwnedSecret out = secret_number();
  if (!less || !out || BN_copy(less.get(), prime) == nullptr || BN_sub_word(less.get(), 1) != 1 ||
      BN_mod(out.get(), d, less.get(), work) != 1) {
    return nullptr;
  }
  return out;
}

OwnedKey assembled(const Pair& pair, BN_CTX* work, OSSL_LIB_CTX* context) {
  const OwnedSecret for_p = exponent_for(pair.d.get(), pair.p.get(), work);
  const OwnedSecret for_q = exponent_for(pair.d.get(), pair.q.get(), work);
  const OwnedSecret coefficient = secret_number();
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (!for_p || !for_q || !coefficient || !builder ||
      BN_mod_inverse(coefficient.get(), pair.q.get(), pair.p.get(), work) == nullptr) {
    return nullptr;
  }
  const std::array<std::pair<const char*, const BIGNUM*>, 8> numbers{{
      {OSSL_PKEY_PARAM_RSA_N, pair.n.get()},
      {OSSL_PKEY_PARAM_RSA_E, pair.e.get()},
      {OSSL_PKEY_PARAM_RSA_D, pair.d.get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR1, pair.p.get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR2, pair.q.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT1, for_p.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT2, for_q.get()},
      {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, coefficient.get()},
  }};
  for (const auto& [name, number] : numbers) {
    if (OSSL_PARAM_BLD_push_BN(builder.get(), name, number) != 1) return nullptr;
  }
  const Owned<OSSL_PARAM, OSSL_PARAM_free> given(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> making(
      EVP_PKEY_CTX_new_from_name(context, "RSA", kProvider));
  EVP_PKEY* made = nullptr;
  if (!given || !making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
      EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_KEYPAIR, given.get()) != 1) {
    return nullptr;
  }
  return OwnedKey(made);
}

}  // namespace

Result<OwnedKey> rsa_key_of(std::span<const std::byte> modulus, std::span<const std::byte> exponent,
                            std::span<const std::byte> private_exponent) {
  // What is too large to be a key costs nothing here.
  SIGNEDVFS_ASSIGN(const PublicKey public_key, PublicKey::from_rsa(modulus, exponent));
  const ErrorQueue errors;
  SIGNEDVFS_ASSIGN(OSSL_LIB_CTX* const context, openssl_context());
  if (private_exponent.size() > modulus.size()) {
    return Status(Errc::kBadKey, "the private exponent is larger than the modulus");
  }
  const OwnedWork work(BN_CTX_secure_new_ex(context));
  Pair pair{secret_number(modulus), secret_number(exponent), secret_number(private_exponent),
            secret_number(), secret_number()};
  if (!work || !pair.complete()) return errors.failure(Errc::kCrypto, "RSA key");
  switch (find_factors(pair, work.get())) {
    case Search::kFound:
      break;
    case Search::kNotFound:
      return Status(Errc::kBadKey, "the private and the public exponent do not belong together");
    case Search::kFailed:
      return errors.failure(Errc::kCrypto, "RSA key");
  }
  OwnedKey key = assembled(pair, work.get(), context);
  if (!key) return errors.failure(Errc::kBadKey, "these numbers make no RSA key");
  return key;
}

}  // namespace signedvfs
