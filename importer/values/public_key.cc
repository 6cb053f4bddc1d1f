#include "importer/values/public_key.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "archive/base/buffer.h"
#include "importer/python/convert.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"
#include "importer/values/values.h"
#include "vfs/crypto/base64.h"

namespace signedvfs {
namespace {

std::string base64_of(const PublicKey& key) { return base64_encode(key.der()); }

Result<PublicKey> key_of_base64(PyObject* object) {
  SIGNEDVFS_ASSIGN(const std::string text, utf8_of(object, "text"));
  const std::optional<std::vector<std::byte>> der = base64_decode(text);
  if (!der) return Status(Errc::kBadKey, "text that is no base64");
  return PublicKey::from_der(*der);
}

Result<PublicKey> key_of_pem(PyObject* object) {
  SIGNEDVFS_ASSIGN(const std::string text, utf8_of(object, "text"));
  return PublicKey::from_pem(text);
}

Result<PublicKey> key_of_file(const std::string& path) {
  return without_gil([&] { return PublicKey::load(path); });
}

// big_endian returns the bytes of a number that is not negative.
Result<std::string> big_endian(PyObject* given, const char* what) {
  if (PyLong_Check(given) == 0) return wrong_type(what, "an int", given);
  // Not a subclass, whose methods may do anything.
  SIGNEDVFS_ASSIGN(const PyRef number, owned(PyLong_Type.tp_as_number->nb_positive(given)));
  SIGNEDVFS_ASSIGN(const PyRef bits,
                   owned(PyObject_CallMethod(number.get(), "bit_length", nullptr)));
  const std::size_t count = PyLong_AsSize_t(bits.get());
  if (PyErr_Occurred() != nullptr) return python_error();
  const PyRef bytes = PyRef::steal(PyObject_CallMethod(
      number.get(), "to_bytes", "ns", static_cast<Py_ssize_t>((count + 7) / 8), "big"));
  if (!bytes) {
    if (PyErr_ExceptionMatches(PyExc_OverflowError) == 0) return python_error();
    PyErr_Clear();
    return Status(Errc::kUsage, std::string(what) + " is negative");
  }
  return std::string(PyBytes_AS_STRING(bytes.get()),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())));
}

Result<PublicKey> key_of_numbers(PyObject* modulus, PyObject* exponent) {
  SIGNEDVFS_ASSIGN(const std::string n, big_endian(modulus, "modulus"));
  SIGNEDVFS_ASSIGN(const PyRef usual, owned(PyLong_FromLong(65537)));
  SIGNEDVFS_ASSIGN(const std::string e,
                   big_endian(exponent == nullptr ? usual.get() : exponent, "exponent"));
  return PublicKey::from_rsa(bytes_of(n), bytes_of(e));
}

// made returns the object for a key, of the class `type` of ours, or raises.
PyObject* made(PyTypeObject* type, Interpreter& home, Result<PublicKey> key,
               const Subject& subject = {}) {
  if (!key.ok()) return raised(home, key.status(), Activity::kTool, subject);
  Result<PyRef> object = new_object(type, &home, std::move(*key));
  return object.ok() ? std::move(*object).release() : nullptr;
}

PyObject* make_key(PyTypeObject* type, PyObject* positional, PyObject* named) {
  static constexpr Parameters<1> kSignature{"PublicKey", 1, {"text"}};
  std::array<PyObject*, 1> in;
  Interpreter* const home = home_of(type);
  if (home == nullptr || !kSignature.read(positional, named, in)) return nullptr;
  return made(type, *home, key_of_base64(in[0]));
}

PyObject* load_key(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kSignature{"load", 1, {"path"}};
  std::array<PyObject*, 1> in;
  auto* const type = reinterpret_cast<PyTypeObject*>(self);
  Interpreter* const home = home_of(type);
  if (home == nullptr || !kSignature.read(given, in)) return nullptr;
  const Result<std::string> path = path_of(in[0]);
  if (!path.ok()) return nullptr;
  return made(type, *home, key_of_file(*path), {*path, std::nullopt});
}

PyObject* key_from_pem(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kSignature{"from_pem", 1, {"text"}};
  std::array<PyObject*, 1> in;
  auto* const type = reinterpret_cast<PyTypeObject*>(self);
  Interpreter* const home = home_of(type);
  if (home == nullptr || !kSignature.read(given, in)) return nullptr;
  return made(type, *home, key_of_pem(in[0]));
}

PyObject* key_from_numbers(PyObject* self, const Arguments& given) {
  static constexpr Parameters<2> kSignature{"from_numbers", 1, {"modulus", "exponent"}};
  std::array<PyObject*, 2> in;
  auto* const type = reinterpret_cast<PyTypeObject*>(self);
  Interpreter* const home = home_of(type);
  if (home == nullptr || !kSignature.read(given, in)) return nullptr;
  return made(type, *home, key_of_numbers(in[0], in[1]));
}

// text returns `all` to Python.
PyObject* text(std::string_view all) {
  return PyUnicode_FromStringAndSize(all.data(), static_cast<Py_ssize_t>(all.size()));
}

PyObject* key_pem(PyObject* self) {
  const auto* const key = value_in<PublicKey>(self);
  return key == nullptr ? nullptr : text(key->pem());
}

PyObject* key_fingerprint(PyObject* self) {
  const auto* const key = value_in<PublicKey>(self);
  return key == nullptr ? nullptr : text(key->fingerprint());
}

PyObject* key_algorithm(PyObject* self) {
  const auto* const key = value_in<PublicKey>(self);
  return key == nullptr ? nullptr : text(algorithm_name(key->algorithm()));
}

PyObject* key_bits(PyObject* self) {
  const auto* const key = value_in<PublicKey>(self);
  return key == nullptr ? nullptr : PyLong_FromLong(key->bits());
}

PyObject* key_repr(PyObject* self) {
  const auto* const key = value_in<PublicKey>(self);
  return key == nullptr ? nullptr : text("signedvfs.PublicKey('" + base64_of(*key) + "')");
}

PyObject* key_reduce(PyObject* self) {
  const auto* const key = value_in<PublicKey>(self);
  if (key == nullptr) return nullptr;
  return Py_BuildValue("(O(s))", Py_TYPE(self), base64_of(*key).c_str());
}

Py_hash_t key_hash(PyObject* self) {
  const PyRef fingerprint = PyRef::steal(key_fingerprint(self));
  return fingerprint ? PyObject_Hash(fingerprint.get()) : -1;
}

PyObject* key_compared(PyObject* self, PyObject* other, int operation) {
  if (Py_TYPE(self) != Py_TYPE(other) || (operation != Py_EQ && operation != Py_NE)) {
    Py_RETURN_NOTIMPLEMENTED;
  }
  const auto* const one = value_in<PublicKey>(self);
  const auto* const two = value_in<PublicKey>(other);
  if (one == nullptr || two == nullptr) return nullptr;
  return PyBool_FromLong(static_cast<long>((*one == *two) == (operation == Py_EQ)));
}

PyMethodDef key_methods[] = {
    method_of<&load_key>(
        "load",
        "load($type, path)\n--\n\n"
        "Read a PEM file: a regular file of at most 64 KiB.\n\nRaises KeyFileError, OSError.",
        METH_CLASS),
    method_of<&key_from_pem>("from_pem",
                             "from_pem($type, text)\n--\n\n"
                             "Read one PEM block \"PUBLIC KEY\".\n\nRaises KeyFileError.",
                             METH_CLASS),
    method_of<&key_from_numbers>("from_numbers",
                                 "from_numbers($type, modulus, exponent=65537)\n--\n\n"
                                 "Make an RSA key of its numbers, as signedimp's RSAKey had "
                                 "them.\n\nRaises KeyFileError, ValueError.",
                                 METH_CLASS),
    method_of<&key_reduce>("__reduce__", "Return what the key can be made of again."),
    {}};

PyGetSetDef key_attributes[] = {
    getter_of<&key_pem>("pem", "The key as one PEM block."),
    getter_of<&key_fingerprint>("fingerprint",
                                "The SHA-256 of the DER SubjectPublicKeyInfo in hexadecimal."),
    getter_of<&key_algorithm>("algorithm",
                              "\"ed25519\", \"ecdsa-p256\", \"ecdsa-p384\" or \"rsa-pss\"."),
    getter_of<&key_bits>("bits", "The size of the modulus or the field."),
    {}};

PyMemberDef key_members[] = {kWeakMember, {}};

PyType_Slot key_slots[] = {
    slot(Py_tp_doc,
         "PublicKey(text)\n--\n\n"
         "A public key that has passed the checks for weak keys.\n\n"
         "`text` is the base64 of the DER SubjectPublicKeyInfo (RFC 5280), as `repr` shows it.\n"
         "Raises KeyFileError."),
    slot(Py_tp_new, &constructor<&make_key>),
    slot(Py_tp_repr, &plain<&key_repr>),
    slot(Py_tp_hash, &hash<&key_hash>),
    slot(Py_tp_richcompare, &comparison<&key_compared>),
    slot(Py_tp_traverse, &traverse_holder<PublicKey>),
    slot(Py_tp_clear, &clear_holder<PublicKey>),
    slot(Py_tp_dealloc, &free_holder<PublicKey>),
    slot(Py_tp_methods, key_methods),
    slot(Py_tp_getset, key_attributes),
    slot(Py_tp_members, key_members),
    {}};

PyType_Spec key_spec{"signedvfs.PublicKey", sizeof(Holder<PublicKey>), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, key_slots};

}  // namespace

Status add_public_key(Interpreter& home) { return add_type(home, key_spec, home.types.public_key); }

const PublicKey* public_key_in(const Interpreter& home, PyObject* object) noexcept {
  if (Py_TYPE(object) != Interpreter::type(home.types.public_key)) return nullptr;
  const auto& key = holder_of<PublicKey>(object)->value;
  return key ? &*key : nullptr;
}

Result<PyRef> public_key_object(Interpreter& home, PublicKey key) {
  return new_object(Interpreter::type(home.types.public_key), &home, std::move(key));
}

}  // namespace signedvfs
