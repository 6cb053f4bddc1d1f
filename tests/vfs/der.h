// DER for tests that need keys and signatures which no library would make.
#pragma once

#include <initializer_list>
#include <string_view>

#include "tests/vfs/bytes.h"

namespace signedvfs {

inline Bytes concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// der returns the tag `tag`, the length and `parts`, one after the other (X.690 section 8.1).
inline Bytes der(unsigned tag, std::initializer_list<Bytes> parts) {
  const Bytes content = concat(parts);
  Bytes head = {static_cast<std::byte>(tag)};
  if (content.size() < 0x80) {
    head.push_back(static_cast<std::byte>(content.size()));
  } else {
    Bytes length;
    for (std::size_t rest = content.size(); rest != 0; rest >>= 8) {
      length.insert(length.begin(), static_cast<std::byte>(rest));
    }
    head.push_back(static_cast<std::byte>(0x80 + length.size()));
    head.insert(head.end(), length.begin(), length.end());
  }
  return concat({head, content});
}

inline constexpr unsigned kInteger = 0x02;
inline constexpr unsigned kBitString = 0x03;
inline constexpr unsigned kSequence = 0x30;

// der_integer returns an unsigned number, given in hexadecimal with the highest byte first.
inline Bytes der_integer(std::string_view hex) {
  Bytes value = from_hex(hex);
  while (value.size() > 1 && value[0] == std::byte{0}) value.erase(value.begin());
  if ((value[0] & std::byte{0x80}) != std::byte{0}) value.insert(value.begin(), std::byte{0});
  return der(kInteger, {value});
}

// public_key_info returns a SubjectPublicKeyInfo; `algorithm` is a whole AlgorithmIdentifier.
inline Bytes public_key_info(const Bytes& algorithm, const Bytes& key) {
  return der(kSequence, {algorithm, der(kBitString, {{std::byte{0}}, key})});
}

inline const Bytes kEd25519Identifier = from_hex("3005 06032b6570");
inline const Bytes kRsaIdentifier = from_hex("300d 06092a864886f70d010101 0500");
inline const Bytes kP256Identifier = from_hex("3013 06072a8648ce3d0201 06082a8648ce3d030107");
inline const Bytes kP384Identifier = from_hex("3010 06072a8648ce3d0201 06052b81040022");

inline Bytes ed25519_key(std::string_view hex) {
  return public_key_info(kEd25519Identifier, from_hex(hex));
}

// rsa_key returns an RSA key of a modulus and an exponent in hexadecimal.
inline Bytes rsa_key(std::string_view modulus, std::string_view exponent) {
  return public_key_info(kRsaIdentifier,
                         der(kSequence, {der_integer(modulus), der_integer(exponent)}));
}

// ecdsa_signature returns the signature (r, s).
inline Bytes ecdsa_signature(std::string_view r, std::string_view s) {
  return der(kSequence, {der_integer(r), der_integer(s)});
}

}  // namespace signedvfs
