// What signedimp's API needs beside ours: the numbers of RSA keys, messages, its key files.
#include <map>
#include <string>

#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "importer/values/values.h"
#include "vfs/crypto/legacy_key.h"
#include "vfs/crypto/plain_message.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/text.h"
#include "vfs/signing/legacy_key_file.h"
#include "vfs/signing/private_key.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

PublicKey public_key_of(const Home& home, const py::object& key) {
  const PublicKey* const found = public_key_in(*home, key.ptr());
  if (found == nullptr) throw py::type_error("key must be of type signedvfs.PublicKey");
  return *found;
}

std::span<const std::byte> view(const py::bytes& data) { return bytes_of(std::string_view(data)); }

py::bytes bytes_from(std::span<const std::byte> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

py::object legacy_name(const Home& home, const py::object& key) {
  const PublicKey shown = public_key_of(home, key);
  return taken(optional_text(require(home, legacy_fingerprint(shown), Activity::kTool)));
}

py::tuple numbers_of(const Home& home, const py::object& key) {
  const RsaNumbers numbers = require(home, rsa_numbers(public_key_of(home, key)), Activity::kTool);
  return py::make_tuple(bytes_from(numbers.modulus), bytes_from(numbers.exponent));
}

py::bytes private_exponent_of(const Home& home, const PrivateKey& key) {
  const std::vector<std::byte> number = require(home, key.rsa_private_exponent(), Activity::kTool);
  return bytes_from(number);
}

PrivateKey key_of_numbers(const Home& home, const py::bytes& modulus, const py::bytes& exponent,
                          const py::bytes& private_exponent) {
  const auto n = view(modulus);
  const auto e = view(exponent);
  const auto d = view(private_exponent);
  return require(home, without_gil([&] { return PrivateKey::from_rsa(n, e, d); }), Activity::kTool);
}

PrivateKey load_legacy(const Home& home, const py::object& path, const py::object& password) {
  const std::string name = taken(path_of(path.ptr()));
  const Password secret(password);
  if (!secret.text()) throw py::type_error("password must be of type str or bytes");
  return require(home, without_gil([&] { return load_legacy_key(name, *secret.text()); }),
                 Activity::kTool, {name, std::nullopt});
}

py::object unpickled_public(const Home& home, const py::object& data) {
  const py::bytes copy = bytes_of_buffer(data);
  return taken(public_key_object(
      *home, require(home, legacy_public_key(std::string_view(copy)), Activity::kTool)));
}

py::bytes sign_message(const Home& home, const PrivateKey& key, const py::object& message) {
  const py::bytes copy = bytes_of_buffer(message);
  const std::string text = plain_message(std::string_view(copy));
  const auto signature =
      require(home, without_gil([&] { return key.sign(bytes_of(text)); }), Activity::kTool);
  return bytes_from(signature);
}

bool fits(const Home& home, const Status& status) {
  if (status.ok()) return true;
  if (status.code() == Errc::kBadSignature) return false;
  throw_status(home, status, Activity::kTool);
}

bool message_fits(const Home& home, const py::object& key, const py::object& message,
                  const py::object& signature) {
  const PublicKey by = public_key_of(home, key);
  const py::bytes copy = bytes_of_buffer(message);
  const py::bytes value = bytes_of_buffer(signature);
  return fits(home, by.check(bytes_of(plain_message(std::string_view(copy))), view(value)));
}

bool legacy_message_fits(const Home& home, const py::object& key, const py::object& message,
                         const py::object& signature) {
  const PublicKey by = public_key_of(home, key);
  if (by.algorithm() != KeyAlgorithm::kRsaPss) return false;
  const py::bytes copy = bytes_of_buffer(message);
  const py::bytes value = bytes_of_buffer(signature);
  return fits(home, check_legacy_signature(by, view(copy), view(value)));
}

Result<std::string> unsigned_text(HashType type, const std::map<std::string, std::string>& hex) {
  std::map<std::string, Digest> digests;
  for (const auto& [path, digits] : hex) {
    const auto digest = Digest::from_hex(type, digits);
    if (!digest) return Status(Errc::kUsage, in_quotes(path) + ": not such a digest");
    digests.emplace(path, *digest);
  }
  SIGNEDVFS_ASSIGN(const std::string body, encode_body(type, digests));
  SIGNEDVFS_ASSIGN(const std::string header, encode_header(type, {}, body));
  return header + body;
}

py::bytes unsigned_manifest(const Home& home, const py::dict& digests, const py::object& hash) {
  const std::string name = taken(utf8_of(hash.ptr(), "hash"));
  const std::optional<HashType> type = hash_type_of(name);
  if (!type || *type == HashType::kLegacySha1 || *type == HashType::kLegacyMd5) {
    throw_status(home,
                 {Errc::kUsage, "nothing is signed with the hash " + in_quotes(name) +
                                    ": expected 'sha256', 'sha384' or 'sha512'"},
                 Activity::kTool);
  }
  std::map<std::string, std::string> hex;
  for (const auto& [path, digest] : digests) {
    hex.emplace(taken(utf8_of(path.ptr(), "path")), taken(utf8_of(digest.ptr(), "digest")));
  }
  return py::bytes(require(home, unsigned_text(*type, hex), Activity::kWriting));
}

}  // namespace

void register_legacy(py::module_& module, const Home& home) {
  module.def("_legacy_fingerprint", at_home(home, &legacy_name), py::arg("key"),
             "_legacy_fingerprint(key)\n--\n\n"
             "Return the name that signedimp gave to a PublicKey, or None where it is not RSA.");
  module.def("_rsa_numbers", at_home(home, &numbers_of), py::arg("key"),
             "_rsa_numbers(key)\n--\n\n"
             "Return modulus and exponent of an RSA PublicKey, big-endian.\n\n"
             "Raises ValueError for other keys.");
  module.def("_rsa_private_exponent", at_home(home, &private_exponent_of), py::arg("key"),
             "_rsa_private_exponent(key)\n--\n\n"
             "Return the secret number of an RSA PrivateKey, big-endian.\n\n"
             "Raises ValueError for other keys.");
  module.def("_rsa_private_key", at_home(home, &key_of_numbers), py::arg("modulus"),
             py::arg("exponent"), py::arg("private_exponent"),
             "_rsa_private_key(modulus, exponent, private_exponent)\n--\n\n"
             "Make an RSA PrivateKey of its numbers, big-endian.\n\nRaises KeyFileError.");
  module.def("_load_legacy_key", at_home(home, &load_legacy), py::arg("path"), py::arg("password"),
             "_load_legacy_key(path, password)\n--\n\n"
             "Read a private key that signedimp's `RSAKey.save_to_file` wrote, and unpickle "
             "nothing.\n\nRaises KeyFileError, OSError.");
  module.def("_legacy_public_key", at_home(home, &unpickled_public), py::arg("data"),
             "_legacy_public_key(data)\n--\n\n"
             "Return the public half of a key that signedimp's programs pickled with Python 2, and "
             "unpickle\nnothing.\n\nRaises KeyFileError.");
  module.def("_sign_message", at_home(home, &sign_message), py::arg("key"), py::arg("message"),
             "_sign_message(key, message)\n--\n\n"
             "Return a signature over bytes, which never fits a manifest.");
  module.def("_message_fits", at_home(home, &message_fits), py::arg("key"), py::arg("message"),
             py::arg("signature"),
             "_message_fits(key, message, signature)\n--\n\n"
             "Tell whether `_sign_message` made the signature with the key's private half.");
  module.def("_legacy_message_fits", at_home(home, &legacy_message_fits), py::arg("key"),
             py::arg("message"), py::arg("signature"),
             "_legacy_message_fits(key, message, signature)\n--\n\n"
             "Tell the same of a signature that signedimp made: RSA-PSS with SHA-1.");
  module.def("_unsigned_manifest", at_home(home, &unsigned_manifest), py::arg("digests"),
             py::arg("hash"),
             "_unsigned_manifest(digests, hash)\n--\n\n"
             "Return the manifest, without signatures and attributes, of hexadecimal digests by "
             "path.\n\nRaises ValueError.");
}

}  // namespace signedvfs
