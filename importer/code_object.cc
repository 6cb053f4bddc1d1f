#include "importer/code_object.h"

#include <marshal.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace signedvfs {
namespace {

constexpr std::size_t kHeaderBytes = 16;
constexpr std::uint32_t kHashBased = 1;
constexpr std::uint32_t kCheckSource = 2;

std::uint32_t little_endian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8U | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

Result<PyRef> bytes_object(std::span<const std::byte> bytes) {
  return owned(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()),
                                         static_cast<Py_ssize_t>(bytes.size())));
}

// call_trimmed calls `function` through the helper that tells the import system to leave its own
// frames out of tracebacks.
Result<PyRef> call_trimmed(PyObject* function, PyObject* arguments) {
  SIGNEDVFS_ASSIGN(const PyRef caller,
                   loaded_attribute("_frozen_importlib", "_call_with_frames_removed"));
  SIGNEDVFS_ASSIGN(const PyRef first, owned(PyTuple_Pack(1, function)));
  SIGNEDVFS_ASSIGN(const PyRef all, owned(PySequence_Concat(first.get(), arguments)));
  return owned(PyObject_Call(caller.get(), all.get(), nullptr));
}

}  // namespace

Status check_bytecode(const VerifiedBytes& pyc) {
  const std::span<const std::byte> bytes = pyc.bytes();
  if (bytes.size() < kHeaderBytes) return {Errc::kNoCode, "a .pyc of less than 16 bytes"};
  const long expected = PyImport_GetMagicNumber();
  if (expected == -1 && PyErr_Occurred() != nullptr) return python_error();
  const std::uint32_t magic = little_endian(bytes.first(4));
  if (magic != static_cast<std::uint32_t>(expected)) {
    return {Errc::kNoCode, "bad magic number " + std::to_string(magic & 0xffffU) +
                               ": compiled for another Python; this one writes " +
                               std::to_string(expected & 0xffff)};
  }
  const std::uint32_t flags = little_endian(bytes.subspan(4, 4));
  if (flags != 0 && flags != kHashBased && flags != (kHashBased | kCheckSource)) {
    return {Errc::kNoCode, "invalid flags " + std::to_string(flags) + " in the .pyc"};
  }
  return {};
}

Result<bool> wants_source_check(const VerifiedBytes& pyc) {
  if ((little_endian(pyc.bytes().subspan(4, 4)) & kHashBased) == 0) return false;
  SIGNEDVFS_ASSIGN(const PyRef option, loaded_attribute("_imp", "check_hash_based_pycs"));
  return PyUnicode_Check(option.get()) != 0 &&
         PyUnicode_CompareWithASCIIString(option.get(), "always") == 0;
}

Result<bool> fits_source(const VerifiedBytes& pyc, const VerifiedBytes& source) {
  SIGNEDVFS_ASSIGN(const PyRef hash_of, loaded_attribute("_imp", "source_hash"));
  SIGNEDVFS_ASSIGN(const PyRef text, bytes_object(source.bytes()));
  SIGNEDVFS_ASSIGN(
      const PyRef hash,
      owned(PyObject_CallFunction(hash_of.get(), "lO", PyImport_GetMagicNumber(), text.get())));
  const std::span<const std::byte> kept = pyc.bytes().subspan(8, 8);
  return PyBytes_Check(hash.get()) != 0 &&
         PyBytes_GET_SIZE(hash.get()) == static_cast<Py_ssize_t>(kept.size()) &&
         std::memcmp(PyBytes_AS_STRING(hash.get()), kept.data(), kept.size()) == 0;
}

Result<PyRef> unmarshal_code(const VerifiedBytes& pyc, PyObject* filename) {
  const std::span<const std::byte> bytes = pyc.bytes().subspan(kHeaderBytes);
  const char* const data = reinterpret_cast<const char*>(bytes.data());
  const auto size = static_cast<Py_ssize_t>(bytes.size());
  Result<PyRef> code = owned(PyMarshal_ReadObjectFromString(data, size));
  if (!code.ok()) {
    const bool malformed = PyErr_ExceptionMatches(PyExc_EOFError) != 0 ||
                           PyErr_ExceptionMatches(PyExc_ValueError) != 0 ||
                           PyErr_ExceptionMatches(PyExc_TypeError) != 0;
    if (!malformed) return code;
    PyErr_Clear();
    return Status(Errc::kNoCode, "the .pyc does not unmarshal");
  }
  if (PyCode_Check(code->get()) == 0) {
    return Status(Errc::kNoCode, "the .pyc holds an object that is no code");
  }
  SIGNEDVFS_ASSIGN(const PyRef rename, loaded_attribute("_imp", "_fix_co_filename"));
  SIGNEDVFS_ASSIGN(const PyRef renamed, owned(PyObject_CallFunctionObjArgs(
                                            rename.get(), code->get(), filename, nullptr)));
  return code;
}

Result<PyRef> compile_source(const VerifiedBytes& source, PyObject* filename) {
  // compile() is given bytes: it honours coding cookies, and a NUL does not end them early.
  SIGNEDVFS_ASSIGN(const PyRef text, bytes_object(source.bytes()));
  SIGNEDVFS_ASSIGN(const PyRef compile, loaded_attribute("builtins", "compile"));
  constexpr int kNoFlags = 0;
  constexpr int kDontInherit = 1;
  constexpr int kInterpreterLevel = -1;
  SIGNEDVFS_ASSIGN(const PyRef arguments,
                   owned(Py_BuildValue("(OOsiii)", text.get(), filename, "exec", kNoFlags,
                                       kDontInherit, kInterpreterLevel)));
  return call_trimmed(compile.get(), arguments.get());
}

Result<PyRef> decode_source(const VerifiedBytes& source, PyObject* name, PyObject* filename) {
  SIGNEDVFS_ASSIGN(const PyRef text, bytes_object(source.bytes()));
  SIGNEDVFS_ASSIGN(const PyRef decode,
                   loaded_attribute("_frozen_importlib_external", "decode_source"));
  Result<PyRef> decoded = owned(PyObject_CallFunctionObjArgs(decode.get(), text.get(), nullptr));
  const bool undecodable = !decoded.ok() && (PyErr_ExceptionMatches(PyExc_UnicodeError) != 0 ||
                                             PyErr_ExceptionMatches(PyExc_SyntaxError) != 0 ||
                                             PyErr_ExceptionMatches(PyExc_LookupError) != 0);
  if (!undecodable) return decoded;
  PyErr_Clear();
  SIGNEDVFS_ASSIGN(
      const PyRef message,
      owned(PyUnicode_FromFormat(
          "%U is not in the encoding that it declares; save it as UTF-8 and sign again",
          filename)));
  PyErr_SetImportError(message.get(), name, filename);
  return python_error();
}

Status run_code(PyObject* code, PyObject* module) {
  SIGNEDVFS_ASSIGN(const PyRef exec, loaded_attribute("builtins", "exec"));
  SIGNEDVFS_ASSIGN(const PyRef names, owned(PyObject_GetAttrString(module, "__dict__")));
  SIGNEDVFS_ASSIGN(const PyRef arguments, owned(PyTuple_Pack(2, code, names.get())));
  SIGNEDVFS_ASSIGN(const PyRef none, call_trimmed(exec.get(), arguments.get()));
  return {};
}

}  // namespace signedvfs
