// Owning references, the GIL, and Python exceptions as `Status`.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string>
#include <string_view>
#include <utility>

#include "archive/base/status.h"
#include "importer/python/ending.h"
#include "importer/python/return_gate.h"

namespace signedvfs {

// PyRef owns one reference, or is empty. Everything but moving needs the GIL. Dropping the last
// reference may run any code, and a thread may be ended in there, or be on its way out already.
class PyRef {
 public:
  PyRef() noexcept = default;
  PyRef(PyRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PyRef& operator=(PyRef&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~PyRef() {
    if (object_ != nullptr) drop(object_);
  }

  // steal takes over a reference that the caller owns; borrow adds one.
  static PyRef steal(PyObject* object) noexcept { return PyRef(object); }
  static PyRef borrow(PyObject* object) noexcept {
    Py_XINCREF(object);
    return PyRef(object);
  }

  PyObject* get() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

  // release gives the reference to the caller.
  PyObject* release() && noexcept { return std::exchange(object_, nullptr); }

 private:
  explicit PyRef(PyObject* object) noexcept : object_(object) {}

  static void drop(PyObject* object) {
    in_destructor([&] { Py_DECREF(object); });
  }

  PyObject* object_ = nullptr;
};

// GilRelease lets other Python threads run while it lives. It does not end in a thread that
// outlives the interpreter.
class GilRelease {
 public:
  GilRelease() noexcept : released_(release_gil()) {}
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;
  ~GilRelease() { take_gil_back(released_); }

 private:
  const ReleasedGil released_;
};

// without_gil returns what `work`, which touches no Python object, returns.
template <class Work>
auto without_gil(Work&& work) {
  const GilRelease released;
  return std::forward<Work>(work)();
}

// python_error is the status for "a Python exception is set".
inline Status python_error() { return {Errc::kPython, {}}; }

// take_error_text clears the exception that is set and returns what it says.
Result<std::string> take_error_text();

// owned takes over the result of a C API call, null meaning that it has set an exception.
inline Result<PyRef> owned(PyObject* object) {
  if (object == nullptr) return python_error();
  return PyRef::steal(object);
}

// item_of returns what `dict` holds under `key`, or an empty reference. Other threads may change
// the dictionary meanwhile.
Result<PyRef> item_of(PyObject* dict, PyObject* key);

// item_at returns an item of the list `list`, or an empty reference behind its end.
PyRef item_at(PyObject* list, Py_ssize_t index) noexcept;

// sys_object returns `sys.<name>`, or an empty reference where there is none.
PyRef sys_object(const char* name);

// loaded_module returns an entry of sys.modules and imports nothing; the modules that the import
// system itself is made of are always there.
Result<PyRef> loaded_module(const char* name);

// loaded_attribute returns `name` of such a module.
Result<PyRef> loaded_attribute(const char* module, const char* name);

// utf8_of returns a str's UTF-8; surrogates become bytes that no name in a manifest has. Any
// other object is a TypeError.
Result<std::string> utf8_of(PyObject* text);

// text_of_utf8 and text_of_path return str for UTF-8 and for the file system's bytes.
Result<PyRef> text_of_utf8(std::string_view utf8);
Result<PyRef> text_of_path(std::string_view path);

// set_import_error sets zipimport.ZipImportError, the ImportError that zipimport's callers expect,
// with its attributes `name` and `path`, and with an ImportError saying `cause` behind it where
// that is not empty. Returns the status for it.
Status set_import_error(const std::string& message, PyObject* name, PyObject* path,
                        const std::string& cause = {});

}  // namespace signedvfs
