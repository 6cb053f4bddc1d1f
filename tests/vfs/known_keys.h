// Public keys and signatures that were made elsewhere.
#pragma once

#include <string_view>

#include "tests/vfs/der.h"
#include "vfs/crypto/public_key.h"

namespace signedvfs {

struct KnownSignature {
  std::string_view name;
  KeyAlgorithm algorithm;
  int bits;
  Bytes key;
  Bytes message;
  Bytes signature;
};

inline constexpr std::string_view kEd25519Key =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
inline constexpr std::string_view kEd25519R =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155";
inline constexpr std::string_view kEd25519S =
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

inline constexpr std::string_view kP256X =
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
inline constexpr std::string_view kP256Y =
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
inline constexpr std::string_view kP256R =
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
inline constexpr std::string_view kP256S =
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

// kP256Order is the number of points on the curve (SEC 2 section 2.4.2).
inline constexpr std::string_view kP256Order =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

inline constexpr std::string_view kRsaModulus =
    "949b7d81e22903e2ca9f9374339f98b22745e17a073993a7e00bdee19f5a630d"
    "c760e32c8574575438f844b8937f65e3e7984caf14e09b3373b9b91050f7a5f2"
    "999d33866503054cd4cd094e00718fb8628853b7b7b9a71d00785a120c5257d4"
    "aaccf91c5d194447dafa3ed2d22d81b499964de94bd09a66a21c62aad1bf2c6f"
    "5173944b46922dc3805e75503160e641f8195b1c6c649941f6e150fb6aac7d73"
    "c1238771840d3e2f1d7641b1a30722e9bb28a4d4dca84ffd286c3c1f6b572a46"
    "d1fbc55049dce289dbf0561230774bcd47291d94112fac4bacc21361d1f02b8b"
    "a68e3cf219a5f7013bb46649cae7d7be3cb6700ded2b0a9008117ed7edb205b1";

// p256_point returns an uncompressed point (SEC 1 section 2.3.3).
inline Bytes p256_point(std::string_view x, std::string_view y) {
  return concat({from_hex("04"), from_hex(x), from_hex(y)});
}

// known_signatures returns test 1 and 2 of RFC 8032 section 7.1, the signatures of "sample" of RFC
// 6979 sections A.2.5 and A.2.6, and one that `openssl dgst -sigopt rsa_pss_saltlen:32` made.
inline std::vector<KnownSignature> known_signatures() {
  return {
      {"Ed25519 1",
       KeyAlgorithm::kEd25519,
       256,
       ed25519_key(kEd25519Key),
       {},
       concat({from_hex(kEd25519R), from_hex(kEd25519S)})},
      {"Ed25519 2", KeyAlgorithm::kEd25519, 256,
       ed25519_key("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
       from_hex("72"),
       from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")},
      {"ECDSA P-256", KeyAlgorithm::kEcdsaP256, 256,
       public_key_info(kP256Identifier, p256_point(kP256X, kP256Y)), from_hex("73616d706c65"),
       ecdsa_signature(kP256R, kP256S)},
      {"ECDSA P-384", KeyAlgorithm::kEcdsaP384, 384,
       public_key_info(kP384Identifier,
                       from_hex("04"
                                "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
                                "def8f0ea9055866064a254515480bc13"
                                "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
                                "288b231c3ae0d4fe7344fd2533264720")),
       from_hex("73616d706c65"),
       ecdsa_signature("94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
                       "81a648152e44acf96e36dd1e80fabe46",
                       "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
                       "a329c145786e679e7b82c71a38628ac8")},
      {"RSA-PSS 2048", KeyAlgorithm::kRsaPss, 2048, rsa_key(kRsaModulus, "010001"),
       from_hex("73616d706c65"),
       from_hex("6ddf33f700c5de7c38a203dee21713da5a09715af3359373bece2233ab2df620"
                "eafae8dbc5aa57ab2b6f4f06aa5a8a38111a856396f14842fe9b6db3a2c31cc5"
                "6524019954d178d8416c8c8648e56617d774d2b96601a1ce30fa5c988db93682"
                "116c5007b71601b8625317d0f2c9021f60bc4fe57e081f9d4adc7c861fdd17db"
                "8ea8243fd9f283f5ea553dceb027aecebc55756506d552ebb5ff9dbc060807eb"
                "ed1840f68fb54957fb79344d7d349d2117242147c0c04dfdaa0fbfd1a404a13f"
                "5076a63abb9ef3368e66c7ff56baf787bf332d759d376a7dbfc00be010b50cc7"
                "6056f0b45977978d6243afe5ff8e74265148dff8abde9a4590aabdd3d76ef3ea")},
  };
}

}  // namespace signedvfs
