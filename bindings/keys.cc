#include <array>

#include "archive/buffer.h"
#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "importer/python.h"
#include "vfs/base64.h"
#include "vfs/private_key.h"
#include "vfs/public_key.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

std::string base64_of(const PublicKey& key) { return base64_encode(key.der()); }

PublicKey key_of_base64(const std::string& text) {
  const std::optional<std::vector<std::byte>> der = base64_decode(text);
  if (!der) throw_status({Errc::kBadKey, "text that is no base64"}, Activity::kTool);
  return require(PublicKey::from_der(*der), Activity::kTool);
}

// big_endian returns the bytes of a number that is not negative.
std::string big_endian(const py::int_& number, const char* what) {
  if (number < py::int_(0)) throw py::value_error(std::string(what) + " is negative");
  const auto bits = number.attr("bit_length")().cast<std::size_t>();
  return number.attr("to_bytes")((bits + 7) / 8, "big").cast<std::string>();
}

KeyAlgorithm algorithm_of(const std::string& name) {
  constexpr std::array kAll{KeyAlgorithm::kEd25519, KeyAlgorithm::kEcdsaP256,
                            KeyAlgorithm::kEcdsaP384, KeyAlgorithm::kRsaPss};
  std::string known;
  for (const KeyAlgorithm algorithm : kAll) {
    if (algorithm_name(algorithm) == name) return algorithm;
    known += known.empty() ? "'" : ", '";
    known += algorithm_name(algorithm);
    known += '\'';
  }
  throw py::value_error("unknown key algorithm " + in_quotes(name) + ": expected one of " + known);
}

void register_public_key(py::module_& module) {
  py::class_<PublicKey>(module, "PublicKey", py::is_final(),

                        "A public key that has passed the checks for weak keys.\n\n"
                        "`text` is the base64 of the DER SubjectPublicKeyInfo (RFC 5280), as "
                        "`repr` shows it.\nRaises KeyFileError.")
      .def(py::init([](const py::object& text) { return key_of_base64(utf8_of(text, "text")); }),
           py::arg("text"), "__init__(self, text)\n--\n\n")
      .def_static(
          "load",
          [](const py::object& path) {
            const std::string name = path_of(path);
            return require(without_gil([&] { return PublicKey::load(name); }), Activity::kTool);
          },
          py::arg("path"),
          "load(path)\n--\n\n"
          "Read a PEM file: a regular file of at most 64 KiB.\n\nRaises KeyFileError, OSError.")
      .def_static(
          "from_pem",
          [](const py::object& text) {
            return require(PublicKey::from_pem(utf8_of(text, "text")), Activity::kTool);
          },
          py::arg("text"),
          "from_pem(text)\n--\n\n"
          "Read one PEM block \"PUBLIC KEY\".\n\nRaises KeyFileError.")
      .def_static(
          "from_numbers",
          [](const py::int_& modulus, const py::int_& exponent) {
            const std::string n = big_endian(modulus, "modulus");
            const std::string e = big_endian(exponent, "exponent");
            return require(PublicKey::from_rsa(bytes_of(n), bytes_of(e)), Activity::kTool);
          },
          py::arg("modulus"), py::arg("exponent") = 65537,
          "from_numbers(modulus, exponent=65537)\n--\n\n"
          "Make an RSA key of its numbers, as signedimp's RSAKey had them.\n\n"
          "Raises KeyFileError, ValueError.")
      .def_property_readonly("pem", &PublicKey::pem, "The key as one PEM block.")
      .def_property_readonly(
          "fingerprint", [](const PublicKey& self) { return py::str(self.fingerprint()); },
          "The SHA-256 of the DER SubjectPublicKeyInfo in hexadecimal.")
      .def_property_readonly(
          "algorithm",
          [](const PublicKey& self) { return text_object(algorithm_name(self.algorithm())); },
          "\"ed25519\", \"ecdsa-p256\", \"ecdsa-p384\" or \"rsa-pss\".")
      .def_property_readonly("bits", &PublicKey::bits, "The size of the modulus or the field.")
      .def("__eq__",
           [](const PublicKey& self, const py::object& other) -> py::object {
             if (!py::isinstance<PublicKey>(other)) {
               return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             }
             return py::bool_(self == other.cast<const PublicKey&>());
           })
      .def("__hash__", [](const PublicKey& self) { return py::hash(py::str(self.fingerprint())); })
      .def("__repr__",
           [](const PublicKey& self) { return "signedvfs.PublicKey('" + base64_of(self) + "')"; })
      .def("__reduce__", [](const py::object& self) {
        return py::make_tuple(py::type::of(self),
                              py::make_tuple(base64_of(self.cast<const PublicKey&>())));
      });
}

void register_private_key(py::module_& module) {
  py::class_<PrivateKey>(module, "PrivateKey", py::is_final(),
                         "A key pair, to sign with.\n\n"
                         "It can be saved, and neither pickled nor copied into a text by accident.")
      .def_static(
          "generate",
          [](const py::object& alg, int bits) {
            const KeyAlgorithm algorithm = algorithm_of(utf8_of(alg, "alg"));
            return require(without_gil([&] { return PrivateKey::generate(algorithm, bits); }),
                           Activity::kTool);
          },
          py::arg("alg") = "ed25519", py::arg("bits") = 3072,
          "generate(alg='ed25519', bits=3072)\n--\n\n"
          "Make a key. `bits` is for \"rsa-pss\" only.")
      .def_static(
          "load",
          [](const py::object& path, const py::object& password) {
            const std::string name = path_of(path);
            const Password secret(password);
            return require(without_gil([&] { return PrivateKey::load(name, secret.text()); }),
                           Activity::kTool);
          },
          py::arg("path"), py::arg("password") = py::none(),
          "load(path, password=None)\n--\n\n"
          "Read a PEM file (PKCS#8), encrypted where a password is given: a regular file of at "
          "most\n"
          "64 KiB, whose encryption asks for at most 10,000,000 rounds of PBKDF2, or 32 MiB and\n"
          "2**24 steps of scrypt.\n\n"
          "Raises KeyFileError, OSError.")
      .def(
          "save",
          [](const PrivateKey& self, const py::object& path, const py::object& password) {
            const std::string name = path_of(path);
            const Password secret(password);
            require(without_gil([&] { return self.save(name, secret.text()); }), Activity::kTool);
          },
          py::arg("path"), py::arg("password") = py::none(),
          "save(self, path, password=None)\n--\n\n"
          "Write the key to a new file that only its owner can read, encrypted where a password "
          "is\n"
          "given. An existing file is left alone.\n\nRaises ValueError, OSError.")
      .def_property_readonly(
          "public_key", [](const PrivateKey& self) { return self.public_key(); },
          "The key's public half.")
      .def("__repr__",
           [](const PrivateKey& self) {
             return "<signedvfs.PrivateKey " + self.public_key().fingerprint() + ">";
           })
      .def("__reduce__", [](const PrivateKey&) -> py::object {
        throw py::type_error(
            "a signedvfs.PrivateKey is not pickled or copied: save it to a file, with a password");
      });
}

}  // namespace

void register_keys(py::module_& module) {
  register_public_key(module);
  register_private_key(module);
}

}  // namespace signedvfs
