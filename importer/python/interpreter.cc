#include "importer/python/interpreter.h"

namespace signedvfs {
namespace {

bool is_core(PyObject* module) noexcept {
  return module != nullptr && PyModule_Check(module) != 0 &&
         PyModule_GetDef(module) == &core_module;
}

}  // namespace

Interpreter& home_of_module(PyObject* module) noexcept {
  return *static_cast<Interpreter*>(PyModule_GetState(module));
}

Interpreter* living_home(PyObject* module) {
  auto* const home = static_cast<Interpreter*>(PyModule_GetState(module));
  if (home != nullptr && home->is_alive) return home;
  PyErr_SetString(PyExc_RuntimeError,
                  "signedvfs._core has not been executed, or has been taken apart");
  return nullptr;
}

Interpreter* home_of(PyTypeObject* type) {
#if PY_VERSION_HEX >= 0x030b0000
  PyObject* const module = PyType_GetModuleByDef(type, &core_module);
  return module == nullptr ? nullptr : living_home(module);
#else
  // Every class of ours is a heap type; those that a program derives have no module of this kind.
  PyObject* const order = type->tp_mro;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(order); ++i) {
    auto* const one = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(order, i));
    if (PyType_HasFeature(one, Py_TPFLAGS_HEAPTYPE) == 0) continue;
    PyObject* const module = PyType_GetModule(one);
    if (is_core(module)) return living_home(module);
    PyErr_Clear();
  }
  PyErr_Format(PyExc_TypeError, "%.200s is no class of signedvfs", type->tp_name);
  return nullptr;
#endif
}

Interpreter* running_interpreter() {
  // Where it is there already, as in a launcher, the package around it need not be.
  const PyRef name = PyRef::steal(PyUnicode_FromString("signedvfs._core"));
  if (!name) return nullptr;
  PyRef module = PyRef::steal(PyImport_GetModule(name.get()));
  if (!module && PyErr_Occurred() == nullptr) {
    module = PyRef::steal(PyImport_Import(name.get()));
  }
  if (!module) return nullptr;
  if (!is_core(module.get())) {
    PyErr_SetString(PyExc_ImportError, "signedvfs._core has been replaced");
    return nullptr;
  }
  return living_home(module.get());
}

}  // namespace signedvfs
