// The pickles of keys that signedimp 0.3 wrote, read as what they are: a text. Private to the
// signer.
#pragma once

#include <string_view>

#include "archive/base/status.h"

namespace signedvfs {

// LegacyKeyNumbers are an RSA key's numbers in decimal, borrowed from the pickle.
struct LegacyKeyNumbers {
  std::string_view modulus;
  std::string_view exponent;
  std::string_view private_exponent;  // empty: a public key
};

// parse_legacy_pickle reads what `pickle.dumps(RSAKey)` of Python 2 writes (protocol 0), and what
// signedimp fills it up with. Nothing is unpickled: the one class and the one way to make it are
// compared as text, and behind them there may be the attributes of a key, each once, with numbers,
// short plain texts, None, and lists or tuples of such texts as their values. Fails with `kBadKey`.
Result<LegacyKeyNumbers> parse_legacy_pickle(std::string_view text);

}  // namespace signedvfs
