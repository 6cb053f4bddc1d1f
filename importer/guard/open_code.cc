#include "importer/guard/open_code.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include "archive/os/file_status.h"
#include "importer/guard/vouching.h"
#include "importer/python/vouched_path.h"

namespace signedvfs {
namespace {

constexpr std::size_t kHeader = 16;  // bytes in front of the code in a .pyc (PEP 552)

// opened_bytecode is the code in the .pyc that was opened last.
thread_local std::string opened_bytecode;

Result<PyRef> file_of(PyObject* content) {
  SIGNEDVFS_ASSIGN(const PyRef type, loaded_attribute("_io", "BytesIO"));
  return owned(PyObject_CallFunctionObjArgs(type.get(), content, nullptr));
}

Result<PyRef> content_of(PyObject* path) {
  SIGNEDVFS_ASSIGN(const PyRef file, open_as_it_is(path));
  Result<PyRef> content = owned(PyObject_CallMethod(file.get(), "read", nullptr));
  SIGNEDVFS_ASSIGN(const PyRef closed, owned(PyObject_CallMethod(file.get(), "close", nullptr)));
  return content;
}

void remember_bytecode(PyObject* content) {
  if (PyBytes_Check(content) == 0) return;
  const auto size = static_cast<std::size_t>(PyBytes_GET_SIZE(content));
  if (size > kHeader) opened_bytecode.assign(PyBytes_AS_STRING(content) + kHeader, size - kHeader);
}

Status not_there(PyObject* path) {
  errno = ENOENT;
  PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
  return python_error();
}

Result<std::string> bytes_of(PyObject* path) {
  SIGNEDVFS_ASSIGN(const PyRef bytes, owned(PyUnicode_EncodeFSDefault(path)));
  return std::string(PyBytes_AS_STRING(bytes.get()),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())));
}

}  // namespace

Result<PyRef> open_as_it_is(PyObject* path) {
  SIGNEDVFS_ASSIGN(const PyRef open, loaded_attribute("_io", "open"));
  return owned(PyObject_CallFunction(open.get(), "Os", path, "rb"));
}

Result<PyRef> open_vouched_code(Interpreter& home, PyObject* path) {
  SIGNEDVFS_ASSIGN(const std::string text, bytes_of(path));
  if (VouchedPath::covers(text)) return open_as_it_is(path);
  opened_bytecode.clear();
  SIGNEDVFS_ASSIGN(Vouched vouched, vouch_for(home, text, true));
  if (vouched.kind == Vouched::Kind::kNot) {
    // Loaders ask for bytecode that may be there; what comes there now is not opened either.
    if (status_of_link(text).is_missing()) return not_there(path);
    return Status(Errc::kNoManifest,
                  in_quotes(text) + " is opened to be executed, and nobody has signed it");
  }
  const bool is_bytecode = text.ends_with(".pyc");
  if (vouched.kind == Vouched::Kind::kByPath) {
    if (!is_bytecode) return open_as_it_is(path);
    SIGNEDVFS_ASSIGN(vouched.content, content_of(path));
  }
  // The code in it is let through where it is unmarshalled, and no other.
  if (is_bytecode) remember_bytecode(vouched.content.get());
  return file_of(vouched.content.get());
}

bool take_opened_bytecode(std::span<const char> code) noexcept {
  const std::string opened = std::exchange(opened_bytecode, std::string());
  return !opened.empty() && std::equal(opened.begin(), opened.end(), code.begin(), code.end());
}

}  // namespace signedvfs
