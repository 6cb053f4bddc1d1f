#include "importer/python/raised.h"

#include <utility>

namespace signedvfs {

PyRef take_raised() {
#if PY_VERSION_HEX >= 0x030c0000
  return PyRef::steal(PyErr_GetRaisedException());
#else
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (type == nullptr) return {};
  PyErr_NormalizeException(&type, &value, &traceback);
  const PyRef owned_type = PyRef::steal(type);
  const PyRef owned_traceback = PyRef::steal(traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  return PyRef::steal(value);
#endif
}

void raise_again(PyRef raised) {
#if PY_VERSION_HEX >= 0x030c0000
  PyErr_SetRaisedException(std::move(raised).release());
#else
  PyObject* const value = std::move(raised).release();
  auto* const type = reinterpret_cast<PyObject*>(Py_TYPE(value));
  Py_INCREF(type);
  PyErr_Restore(type, value, PyException_GetTraceback(value));
#endif
}

void raise_because(PyRef cause) {
  PyRef raised = take_raised();
  if (!raised) return;
  // Both functions take a reference over.
  PyException_SetContext(raised.get(), PyRef::borrow(cause.get()).release());
  PyException_SetCause(raised.get(), std::move(cause).release());
  raise_again(std::move(raised));
}

}  // namespace signedvfs
