#include "bindings/fast_method.h"

#include <algorithm>
#include <string>

namespace py = pybind11;

namespace signedvfs {
namespace {

[[noreturn]] void wrong_call(const char* function, const std::string& why) {
  throw py::type_error(std::string(function) + "() " + why);
}

}  // namespace

void read_arguments(const FastCall& call, const char* function, const char* const* names,
                    PyObject** out, std::size_t size) {
  if (call.count > size) {
    wrong_call(function, "takes at most " + std::to_string(size) + " arguments (" +
                             std::to_string(call.count) + " given)");
  }
  std::copy_n(call.arguments, call.count, out);
  const Py_ssize_t named = call.names == nullptr ? 0 : PyTuple_GET_SIZE(call.names);
  for (Py_ssize_t i = 0; i < named; ++i) {
    PyObject* const name = PyTuple_GET_ITEM(call.names, i);
    const auto* const found = std::find_if(names, names + size, [&](const char* known) {
      return PyUnicode_CompareWithASCIIString(name, known) == 0;
    });
    if (found == names + size) {
      wrong_call(function, "got an unexpected argument " + py::repr(name).cast<std::string>());
    }
    PyObject*& slot = out[found - names];
    if (slot != nullptr) {
      wrong_call(function, "got several values for argument '" + std::string(*found) + "'");
    }
    slot = call.arguments[call.count + static_cast<std::size_t>(i)];
  }
  if (out[0] == nullptr) {
    wrong_call(function, "is missing its argument '" + std::string(names[0]) + "'");
  }
}

void add_method(py::handle type, PyMethodDef& definition) {
  PyObject* const method =
      PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &definition);
  if (method == nullptr) throw py::error_already_set();
  py::setattr(type, definition.ml_name, py::reinterpret_steal<py::object>(method));
}

}  // namespace signedvfs
