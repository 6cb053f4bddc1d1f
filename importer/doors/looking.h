// How modules, and what they hold, are looked at. Private to doors/.
#pragma once

#include <cstddef>
#include <string_view>

#include "archive/base/status.h"
#include "importer/python/object.h"

namespace signedvfs {

template <class T>
Status outcome(const Result<T>& result) {
  return result.ok() ? Status() : result.status();
}

// text_in borrows the text of a module's name; empty for what is no text.
inline std::string_view text_in(PyObject* name) {
  if (name == nullptr || PyUnicode_Check(name) == 0) return {};
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(name, &size);
  if (text == nullptr) PyErr_Clear();  // surrogates: a module may be called that
  return text == nullptr ? std::string_view()
                         : std::string_view(text, static_cast<std::size_t>(size));
}

// attribute_of returns an attribute of whatever kind of object, or nothing.
inline Result<PyRef> attribute_of(PyObject* owner, const char* name) {
  PyRef found = PyRef::steal(PyObject_GetAttrString(owner, name));
  if (found) return found;
  if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return python_error();
  PyErr_Clear();
  return PyRef();
}

inline Result<PyRef> item_named(PyObject* dict, const char* name) {
  SIGNEDVFS_ASSIGN(const PyRef key, owned(PyUnicode_InternFromString(name)));
  return item_of(dict, key.get());
}

}  // namespace signedvfs
