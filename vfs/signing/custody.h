// Who signs: a private key at hand, or whoever keeps one elsewhere.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "vfs/crypto/public_key.h"
#include "vfs/signing/private_key.h"

namespace signedvfs {

// Signer is a public key, and what makes signatures that fit it. What it gives out always fits:
// nobody who asks it has to check. Copies share what they hold.
class Signer {
 public:
  // Ask returns a signature over `message`, which is the `signed_message` of the header text
  // `header`. The text is for whoever shows people what they sign; `message` is what is signed.
  using Ask = std::function<Result<std::vector<std::byte>>(std::span<const std::byte> message,
                                                           std::string_view header)>;

  // NOLINTNEXTLINE(google-explicit-constructor): a private key signs
  Signer(PrivateKey key);

  // Signer asks `ask` for signatures, and believes none that does not fit `key`, which is known
  // beforehand: whoever holds a private key is never asked which key is the right one.
  Signer(PublicKey key, Ask ask);

  const PublicKey& public_key() const& noexcept { return public_key_; }

  // sign returns a signature over the header text `header` that `public_key().check` has accepted
  // (see `fitting_signature`). Fails with `kSignerFailed`, `kCrypto`, or as asking does.
  Result<std::vector<std::byte>> sign(std::string_view header) const;

 private:
  PublicKey public_key_;
  Ask ask_;
};

// fitting_signature returns `signature` where it fits `key` and `message`. An ECDSA signature that
// is the two numbers side by side (64 or 96 bytes; PKCS#11 2.40 section 2.3.1, RFC 7518 section
// 3.4) comes back as the DER that we check (RFC 3279 section 2.2.3). Nothing else is mended. Fails
// with `kSignerFailed`, `kCrypto`.
Result<std::vector<std::byte>> fitting_signature(const PublicKey& key,
                                                 std::span<const std::byte> message,
                                                 std::span<const std::byte> signature);

}  // namespace signedvfs
