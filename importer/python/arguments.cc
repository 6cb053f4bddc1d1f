#include "importer/python/arguments.h"

#include <algorithm>
#include <string>

namespace signedvfs {
namespace {

bool wrong_call(const char* function, const std::string& why) {
  PyErr_Format(PyExc_TypeError, "%s() %s", function, why.c_str());
  return false;
}

bool put(PyObject* name, PyObject* value, const char* function, const char* const* names,
         PyObject** out, std::size_t size) {
  const auto* const found = std::find_if(names, names + size, [&](const char* known) {
    return PyUnicode_CompareWithASCIIString(name, known) == 0;
  });
  if (found == names + size) {
    PyErr_Format(PyExc_TypeError, "%s() got an unexpected argument %R", function, name);
    return false;
  }
  PyObject*& slot = out[found - names];
  if (slot != nullptr) {
    return wrong_call(function, "got several values for argument '" + std::string(*found) + "'");
  }
  slot = value;
  return true;
}

bool are_complete(const char* function, const char* const* names, std::size_t required,
                  PyObject* const* out) {
  for (std::size_t i = 0; i < required; ++i) {
    if (out[i] == nullptr) {
      return wrong_call(function, "is missing its argument '" + std::string(names[i]) + "'");
    }
  }
  return true;
}

bool too_many(const char* function, std::size_t size, Py_ssize_t count) {
  return wrong_call(function, "takes at most " + std::to_string(size) + " arguments (" +
                                  std::to_string(count) + " given)");
}

}  // namespace

bool read_arguments(const Arguments& given, const char* function, const char* const* names,
                    std::size_t required, PyObject** out, std::size_t size) {
  const auto count = static_cast<std::size_t>(given.count);
  if (count > size) return too_many(function, size, given.count);
  std::copy_n(given.values, count, out);
  const Py_ssize_t named = given.names == nullptr ? 0 : PyTuple_GET_SIZE(given.names);
  for (Py_ssize_t i = 0; i < named; ++i) {
    PyObject* const value = given.values[given.count + i];
    if (!put(PyTuple_GET_ITEM(given.names, i), value, function, names, out, size)) return false;
  }
  return are_complete(function, names, required, out);
}

bool read_constructor(PyObject* positional, PyObject* named, const char* function,
                      const char* const* names, std::size_t required, PyObject** out,
                      std::size_t size) {
  const Py_ssize_t count = PyTuple_GET_SIZE(positional);
  if (static_cast<std::size_t>(count) > size) return too_many(function, size, count);
  for (Py_ssize_t i = 0; i < count; ++i) out[i] = PyTuple_GET_ITEM(positional, i);
  if (named != nullptr) {
    PyObject* name = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(named, &at, &name, &value) != 0) {
      if (!put(name, value, function, names, out, size)) return false;
    }
  }
  return are_complete(function, names, required, out);
}

}  // namespace signedvfs
