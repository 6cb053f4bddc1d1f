#include "importer/modules/code_object.h"

#include <marshal.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "vfs/pyc_header.h"

namespace signedvfs {
namespace {

Result<PyRef> bytes_object(std::span<const std::byte> bytes) {
  return owned(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()),
                                         static_cast<Py_ssize_t>(bytes.size())));
}

}  // namespace

Status check_bytecode(const ImportSystem& system, const VerifiedBytes& pyc) {
  const std::optional<PycHeader> header = read_pyc_header(pyc.bytes());
  if (!header) return {Errc::kNoCode, "a .pyc of less than 16 bytes"};
  if (header->magic != system.magic_number) {
    return {Errc::kNoCode, "bad magic number " + std::to_string(header->magic & 0xffffU) +
                               ": compiled for another Python; this one writes " +
                               std::to_string(system.magic_number & 0xffffU)};
  }
  if (!header->has_known_flags()) {
    return {Errc::kNoCode, "invalid flags " + std::to_string(header->flags) + " in the .pyc"};
  }
  return {};
}

Result<bool> wants_source_check(const ImportSystem& system, const VerifiedBytes& pyc) {
  const std::optional<PycHeader> header = read_pyc_header(pyc.bytes());
  if (!header || !header->is_hash_based()) return false;
  SIGNEDVFS_ASSIGN(const PyRef option,
                   owned(PyObject_GetAttr(system.imp.get(), system.check_hash_based_pycs.get())));
  const auto is = [&](const char* value) {
    return PyUnicode_Check(option.get()) != 0 &&
           PyUnicode_CompareWithASCIIString(option.get(), value) == 0;
  };
  if (is("never")) return false;
  return header->checks_source() || is("always");
}

Result<bool> fits_source(const ImportSystem& system, const VerifiedBytes& pyc,
                         const VerifiedBytes& source) {
  SIGNEDVFS_ASSIGN(const PyRef text, bytes_object(source.bytes()));
  SIGNEDVFS_ASSIGN(const PyRef hash,
                   owned(PyObject_CallMethod(system.imp.get(), "source_hash", "IO",
                                             unsigned{system.magic_number}, text.get())));
  const std::optional<PycHeader> header = read_pyc_header(pyc.bytes());
  if (!header) return false;
  const std::span<const std::byte> kept = header->rest;
  return PyBytes_Check(hash.get()) != 0 &&
         PyBytes_GET_SIZE(hash.get()) == static_cast<Py_ssize_t>(kept.size()) &&
         std::memcmp(PyBytes_AS_STRING(hash.get()), kept.data(), kept.size()) == 0;
}

Result<PyRef> unmarshal_code(const ImportSystem& system, const VerifiedBytes& pyc,
                             PyObject* filename) {
  const std::span<const std::byte> bytes = pyc.bytes().subspan(PycHeader::kBytes);
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
  PyObject* const arguments[] = {code->get(), filename};
  SIGNEDVFS_ASSIGN(const PyRef renamed,
                   owned(PyObject_Vectorcall(system.rename_code.get(), arguments, 2, nullptr)));
  return code;
}

Result<PyRef> compile_source(const ImportSystem& system, const VerifiedBytes& source,
                             PyObject* name, PyObject* filename) {
  // compile() is given bytes: it honours coding cookies, and a NUL does not end them early.
  SIGNEDVFS_ASSIGN(const PyRef text, bytes_object(source.bytes()));
  constexpr int kNoFlags = 0;
  constexpr int kDontInherit = 1;
  constexpr int kInterpreterLevel = -1;
  SIGNEDVFS_ASSIGN(const PyRef arguments,
                   owned(Py_BuildValue("OOOsiii", system.compile.get(), text.get(), filename,
                                       "exec", kNoFlags, kDontInherit, kInterpreterLevel)));
  PyRef keywords;
#if PY_VERSION_HEX >= 0x030f0000
  // What filters of SyntaxWarning go by.
  SIGNEDVFS_ASSIGN(keywords, owned(Py_BuildValue("{sO}", "module", name)));
#else
  static_cast<void>(name);
#endif
  return owned(PyObject_Call(system.call_trimmed.get(), arguments.get(), keywords.get()));
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

Status run_code(const ImportSystem& system, PyObject* code, PyObject* module) {
  SIGNEDVFS_ASSIGN(const PyRef names, owned(PyObject_GetAttr(module, system.dunder_dict.get())));
  PyObject* const arguments[] = {system.exec.get(), code, names.get()};
  SIGNEDVFS_ASSIGN(const PyRef none,
                   owned(PyObject_Vectorcall(system.call_trimmed.get(), arguments, 3, nullptr)));
  return {};
}

}  // namespace signedvfs
