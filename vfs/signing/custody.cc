#include "vfs/signing/custody.h"

#include <algorithm>
#include <string>
#include <utility>

#include "archive/base/buffer.h"
#include "vfs/manifest/signed_header.h"

namespace signedvfs {
namespace {

// number_bytes returns how long each of the two numbers of an ECDSA signature is; 0: it has none.
std::size_t number_bytes(KeyAlgorithm algorithm) noexcept {
  if (algorithm == KeyAlgorithm::kEcdsaP256) return 32;
  if (algorithm == KeyAlgorithm::kEcdsaP384) return 48;
  return 0;
}

// append_integer appends a big-endian number as an INTEGER of DER (X.690 section 8.3): without
// needless zeros in front, and with one where the first bit would be a sign.
void append_integer(std::span<const std::byte> number, std::vector<std::byte>& out) {
  const auto first =
      std::find_if(number.begin(), number.end(), [](std::byte one) { return one != std::byte{0}; });
  const std::span<const std::byte> digits(first, number.end());
  const bool needs_zero = digits.empty() || (digits.front() & std::byte{0x80}) != std::byte{0};
  out.push_back(std::byte{0x02});
  out.push_back(static_cast<std::byte>(digits.size() + (needs_zero ? 1 : 0)));
  if (needs_zero) out.push_back(std::byte{0});
  out.insert(out.end(), digits.begin(), digits.end());
}

// der_of returns the SEQUENCE of the two numbers in `raw`, each of `size` bytes. With 48 bytes at
// most each it stays below 128 bytes, so its length is one byte.
std::vector<std::byte> der_of(std::span<const std::byte> raw, std::size_t size) {
  std::vector<std::byte> numbers;
  append_integer(raw.first(size), numbers);
  append_integer(raw.last(size), numbers);
  std::vector<std::byte> out{std::byte{0x30}, static_cast<std::byte>(numbers.size())};
  out.insert(out.end(), numbers.begin(), numbers.end());
  return out;
}

Status does_not_fit(const PublicKey& key, std::size_t size) {
  return Status(Errc::kSignerFailed,
                "the signature that was made elsewhere (" + std::to_string(size) +
                    " bytes) does not fit the key " + key.fingerprint() + " (" +
                    std::string(algorithm_name(key.algorithm())) + ") and what is to be signed")
      .advising(
          key.algorithm() == KeyAlgorithm::kRsaPss
              ? "See that it is by that key, and RSA-PSS with SHA-256, MGF1 with SHA-256 and a "
                "salt of 32 bytes."
              : "See that it is by that key, and over this very message or statement.");
}

}  // namespace

Signer::Signer(PrivateKey key)
    : public_key_(key.public_key()),
      ask_([key = std::move(key)](std::span<const std::byte> message, std::string_view) {
        return key.sign(message);
      }) {}

Signer::Signer(PublicKey key, Ask ask) : public_key_(std::move(key)), ask_(std::move(ask)) {}

Result<std::vector<std::byte>> Signer::sign(std::string_view header) const {
  SIGNEDVFS_ASSIGN(const std::string message, signed_message(header));
  SIGNEDVFS_ASSIGN(const std::vector<std::byte> signature, ask_(bytes_of(message), header));
  return fitting_signature(public_key_, bytes_of(message), signature);
}

Result<std::vector<std::byte>> fitting_signature(const PublicKey& key,
                                                 std::span<const std::byte> message,
                                                 std::span<const std::byte> signature) {
  const Status as_it_is = key.check(message, signature);
  if (as_it_is.ok()) return std::vector<std::byte>(signature.begin(), signature.end());
  if (as_it_is.code() != Errc::kBadSignature) return as_it_is;
  const std::size_t size = number_bytes(key.algorithm());
  if (size == 0 || signature.size() != 2 * size) return does_not_fit(key, signature.size());
  std::vector<std::byte> der = der_of(signature, size);
  const Status as_der = key.check(message, der);
  if (as_der.ok()) return der;
  return as_der.code() == Errc::kBadSignature ? does_not_fit(key, signature.size()) : as_der;
}

}  // namespace signedvfs
