#include <array>
#include <string>

#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "importer/values/values.h"
#include "vfs/crypto/version.h"
#include "vfs/signing/private_key.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

KeyAlgorithm algorithm_of(const Home& home, const std::string& name) {
  constexpr std::array kAll{KeyAlgorithm::kEd25519, KeyAlgorithm::kEcdsaP256,
                            KeyAlgorithm::kEcdsaP384, KeyAlgorithm::kRsaPss};
  std::string known;
  for (const KeyAlgorithm algorithm : kAll) {
    if (algorithm_name(algorithm) == name) return algorithm;
    known += known.empty() ? "'" : ", '";
    known += algorithm_name(algorithm);
    known += '\'';
  }
  throw_status(
      home,
      {Errc::kUsage, "unknown key algorithm " + in_quotes(name) + ": expected one of " + known},
      Activity::kTool);
}

PrivateKey generate_key(const Home& home, const py::object& alg, const py::object& bits) {
  const KeyAlgorithm algorithm = algorithm_of(home, taken(utf8_of(alg.ptr(), "alg")));
  const int size = require(home, small_int_of(bits.ptr(), "bits"), Activity::kTool);
  return require(home, without_gil([&] { return PrivateKey::generate(algorithm, size); }),
                 Activity::kTool);
}

PrivateKey load_private_key(const Home& home, const py::object& path, const py::object& password) {
  const std::string name = taken(path_of(path.ptr()));
  const Password secret(password);
  return require(home, without_gil([&] { return PrivateKey::load(name, secret.text()); }),
                 Activity::kTool, {name, std::nullopt});
}

void save_key(const Home& home, const PrivateKey& self, const py::object& path,
              const py::object& password) {
  const std::string name = taken(path_of(path.ptr()));
  const Password secret(password);
  require(home, without_gil([&] { return self.save(name, secret.text()); }), Activity::kTool,
          {name, std::nullopt});
}

py::object public_half(const Home& home, const PrivateKey& self) {
  return taken(public_key_object(*home, self.public_key()));
}

}  // namespace

void register_keys(py::module_& module, const Home& home) {
  py::class_<PrivateKey>(module, "PrivateKey", py::is_final(), home.ours(),
                         "A key pair, to sign with.\n\n"
                         "It can be saved, and neither pickled nor copied into a text by accident.")
      .def_static("generate", at_home(home, &generate_key), py::arg("alg") = "ed25519",
                  py::arg("bits") = 3072,
                  "generate(alg='ed25519', bits=3072)\n--\n\n"
                  "Make a key. `bits` is for \"rsa-pss\" only.")
      .def_static("load", at_home(home, &load_private_key), py::arg("path"),
                  py::arg("password") = py::none(),
                  "load(path, password=None)\n--\n\n"
                  "Read a PEM file (PKCS#8), encrypted where a password is given: a regular file "
                  "of at most\n"
                  "64 KiB, whose encryption asks for at most 10,000,000 rounds of PBKDF2, or 32 "
                  "MiB and\n"
                  "2**24 steps of scrypt.\n\n"
                  "Raises KeyFileError, OSError.")
      .def("save", at_home(home, &save_key), py::arg("path"), py::arg("password") = py::none(),
           "save(self, path, password=None)\n--\n\n"
           "Write the key to a new file that only its owner can read, encrypted where a password "
           "is\n"
           "given. An existing file is left alone.\n\nRaises ValueError, OSError.")
      .def_property_readonly("public_key", at_home(home, &public_half), "The key's public half.")
      .def("__repr__",
           [](const PrivateKey& self) {
             return "<signedvfs.PrivateKey " + self.public_key().fingerprint() + ">";
           })
      .def("__reduce__", [](const py::object&) -> py::object {
        throw py::type_error(
            "a signedvfs.PrivateKey is not pickled or copied: save it to a file, with a password");
      });
  module.def("_openssl_version", &openssl_version,
             "_openssl_version()\n--\n\nReturn the version of the OpenSSL that is at work here.");
}

}  // namespace signedvfs
