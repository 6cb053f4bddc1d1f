#include "importer/python/heap_type.h"

#include <cstring>

namespace signedvfs {
namespace {

#if PY_VERSION_HEX < 0x030a0000
// keep_signature gives a new class the signature that its docstring begins with, which Python 3.9
// drops, for `inspect`. `__doc__` has been made by then.
Status keep_signature(PyTypeObject* type, const PyType_Spec& spec) {
  for (const PyType_Slot* slot = spec.slots; slot->slot != 0; ++slot) {
    if (slot->slot != Py_tp_doc) continue;
    const std::size_t size = std::strlen(static_cast<const char*>(slot->pfunc)) + 1;
    auto* const whole = static_cast<char*>(PyObject_Malloc(size));
    if (whole == nullptr) {
      PyErr_NoMemory();
      return python_error();
    }
    std::memcpy(whole, slot->pfunc, size);
    PyObject_Free(const_cast<char*>(type->tp_doc));
    type->tp_doc = whole;
  }
  return {};
}
#else
Status keep_signature(PyTypeObject* /*type*/, const PyType_Spec& /*spec*/) { return {}; }
#endif

}  // namespace

PyObject* not_made(PyTypeObject* type, PyObject* /*positional*/, PyObject* /*named*/) {
  PyErr_Format(PyExc_TypeError, "cannot create '%.200s' instances", type->tp_name);
  return nullptr;
}

PyObject* not_pickled(PyObject* self) {
  PyErr_Format(PyExc_TypeError, "cannot pickle or copy '%.200s' object", Py_TYPE(self)->tp_name);
  return nullptr;
}

bool has_gone(const PyTypeObject* type) {
  if (type != nullptr) return false;
  PyErr_SetString(PyExc_RuntimeError, "signedvfs is no more: its interpreter is ending");
  return true;
}

Result<PyRef> new_type(Interpreter& home, PyType_Spec& spec) {
  SIGNEDVFS_ASSIGN(PyRef made, owned(PyType_FromModuleAndSpec(home.module, &spec, nullptr)));
  SIGNEDVFS_TRY(keep_signature(Interpreter::type(made), spec));
  return made;
}

Status add_type(Interpreter& home, PyType_Spec& spec, PyRef& place) {
  SIGNEDVFS_ASSIGN(place, new_type(home, spec));
  if (PyModule_AddType(home.module, Interpreter::type(place)) < 0) return python_error();
  return {};
}

}  // namespace signedvfs
