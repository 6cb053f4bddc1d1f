#include "bindings/convert.h"

#include "vfs/signing/private_key.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

[[noreturn]] void throw_type(const char* what, const char* expected, const py::object& found) {
  static_cast<void>(wrong_type(what, expected, found.ptr()));
  throw py::error_already_set();
}

}  // namespace

py::bytes bytes_of_buffer(const py::object& data) {
  if (PyBytes_Check(data.ptr()) != 0) return py::bytes(data);
  if (PyObject_CheckBuffer(data.ptr()) == 0) throw_type("data", "bytes-like", data);
  return py::bytes(taken(owned(PyBytes_FromObject(data.ptr()))));
}

Password::Password(const py::object& password) {
  if (password.is_none()) return;
  if (PyBytes_Check(password.ptr()) != 0) {
    text_.emplace(PyBytes_AS_STRING(password.ptr()),
                  static_cast<std::size_t>(PyBytes_GET_SIZE(password.ptr())));
    return;
  }
  if (PyUnicode_Check(password.ptr()) == 0) throw_type("password", "str, bytes or None", password);
  Py_ssize_t size = 0;
  const char* const utf8 = PyUnicode_AsUTF8AndSize(password.ptr(), &size);
  if (utf8 == nullptr) throw py::error_already_set();
  text_.emplace(utf8, static_cast<std::size_t>(size));
}

Password::~Password() {
  if (text_) wipe(*text_);
}

}  // namespace signedvfs
