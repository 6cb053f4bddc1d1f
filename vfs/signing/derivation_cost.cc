#include "vfs/signing/derivation_cost.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <bit>
#include <optional>
#include <string>

#include "vfs/crypto/openssl.h"

namespace signedvfs {
namespace {

constexpr const char* kConvert =
    "; `openssl pkcs8 -in FILE | openssl pkcs8 -topk8 -scrypt` converts it, in its own time";

Status bad_scheme(const std::string& what) {
  return {Errc::kBadKey, "the private key's encryption " + what};
}

Status too_costly(const std::string& what, std::uint64_t found, std::uint64_t bound,
                  const char* next = "") {
  return bad_scheme("asks for " + std::to_string(found) + " " + what + ", where " +
                    std::to_string(bound) + " at most are accepted" + next);
}

// number_of returns nothing for what is negative or needs more than 64 bits.
std::optional<std::uint64_t> number_of(const ASN1_INTEGER* integer) {
  std::uint64_t number = 0;
  if (integer == nullptr || ASN1_INTEGER_get_uint64(&number, integer) != 1) return std::nullopt;
  return number;
}

Status check_salt(const ASN1_STRING* salt) {
  const auto bytes = static_cast<std::uint64_t>(ASN1_STRING_length(salt));
  if (bytes <= kMaxSaltBytes) return {};
  return too_costly("bytes of salt", bytes, kMaxSaltBytes);
}

Status check_pbkdf2(const ASN1_TYPE* parameter) {
  const Owned<PBKDF2PARAM, PBKDF2PARAM_free> pbkdf2(
      static_cast<PBKDF2PARAM*>(ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter)));
  // The standard allows for salts that are not given as bytes, and nobody has ever made one.
  if (!pbkdf2 || pbkdf2->salt->type != V_ASN1_OCTET_STRING) {
    return bad_scheme("has malformed parameters of PBKDF2");
  }
  SIGNEDVFS_TRY(check_salt(pbkdf2->salt->value.octet_string));
  const std::optional<std::uint64_t> rounds = number_of(pbkdf2->iter);
  if (!rounds || *rounds == 0) return bad_scheme("has a malformed number of rounds");
  if (*rounds > kMaxRounds) return too_costly("rounds of PBKDF2", *rounds, kMaxRounds, kConvert);
  return {};
}

Status check_scrypt(const ASN1_TYPE* parameter) {
  const Owned<SCRYPT_PARAMS, SCRYPT_PARAMS_free> scrypt(static_cast<SCRYPT_PARAMS*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter)));
  if (!scrypt) return bad_scheme("has malformed parameters of scrypt");
  SIGNEDVFS_TRY(check_salt(scrypt->salt));
  const std::optional<std::uint64_t> n = number_of(scrypt->costParameter);
  const std::optional<std::uint64_t> r = number_of(scrypt->blockSize);
  const std::optional<std::uint64_t> p = number_of(scrypt->parallelizationParameter);
  if (!n || !r || !p || *n < 2 || !std::has_single_bit(*n) || *r == 0 || *p == 0) {
    return bad_scheme("has parameters that make no sense for scrypt");
  }
  // Each alone is bounded first, so that no product below can wrap around.
  constexpr std::uint64_t kBlocks = kMaxScryptBytes / 128;
  for (const std::uint64_t one : {*n, *r, *p}) {
    if (one > kBlocks) return too_costly("as a parameter of scrypt", one, kBlocks);
  }
  const std::uint64_t bytes = 128 * *r * (*n + *p + 2);
  if (bytes > kMaxScryptBytes) return too_costly("bytes for scrypt", bytes, kMaxScryptBytes);
  const std::uint64_t work = *n * *r * *p;
  if (work > kMaxScryptWork) return too_costly("steps of scrypt", work, kMaxScryptWork);
  return {};
}

}  // namespace

Status refuse_costly(const X509_ALGOR& algorithm) {
  const ErrorQueue errors;
  const Owned<PBE2PARAM, PBE2PARAM_free> scheme(static_cast<PBE2PARAM*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm.parameter)));
  if (!scheme) return bad_scheme("has malformed parameters of PBES2");
  const ASN1_TYPE* const parameter = scheme->keyfunc->parameter;
  switch (OBJ_obj2nid(scheme->keyfunc->algorithm)) {
    case NID_id_pbkdf2:
      return check_pbkdf2(parameter);
    case NID_id_scrypt:
      return check_scrypt(parameter);
    default:
      return bad_scheme("derives its key in an unknown way: PBKDF2 and scrypt are accepted");
  }
}

}  // namespace signedvfs
