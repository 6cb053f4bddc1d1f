#include "bindings/state.h"

namespace py = pybind11;

namespace signedvfs {

py::dict interpreter_state() {
  PyObject* const all = PyInterpreterState_GetDict(PyInterpreterState_Get());
  if (all == nullptr) throw std::bad_alloc();
  const py::str key("signedvfs._core");
  if (PyObject* const ours = PyDict_GetItemWithError(all, key.ptr()); ours != nullptr) {
    return py::reinterpret_borrow<py::dict>(ours);
  }
  if (PyErr_Occurred() != nullptr) throw py::error_already_set();
  const py::dict fresh;
  PyObject* const kept = PyDict_SetDefault(all, key.ptr(), fresh.ptr());
  if (kept == nullptr) throw py::error_already_set();
  return py::reinterpret_borrow<py::dict>(kept);
}

}  // namespace signedvfs
