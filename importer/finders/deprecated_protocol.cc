#include "importer/finders/deprecated_protocol.h"

#include <utility>

#include "importer/finders/query.h"

namespace signedvfs {

#if PY_VERSION_HEX < 0x030f0000
namespace {

// prepare_module returns the module to execute: the one in sys.modules with its attributes set
// anew, or a fresh one that is entered there.
Result<PyRef> prepare_module(PyObject* modules, PyObject* name, PyObject* spec) {
  SIGNEDVFS_ASSIGN(PyRef module, item_of(modules, name));
  if (module && PyModule_Check(module.get()) != 0) {
    SIGNEDVFS_ASSIGN(const PyRef set_attributes,
                     loaded_attribute("_frozen_importlib", "_init_module_attrs"));
    SIGNEDVFS_ASSIGN(const PyRef arguments, owned(PyTuple_Pack(2, spec, module.get())));
    SIGNEDVFS_ASSIGN(const PyRef keywords, owned(Py_BuildValue("{sO}", "override", Py_True)));
    SIGNEDVFS_ASSIGN(const PyRef done,
                     owned(PyObject_Call(set_attributes.get(), arguments.get(), keywords.get())));
    return module;
  }
  SIGNEDVFS_ASSIGN(const PyRef make, loaded_attribute("_frozen_importlib", "module_from_spec"));
  SIGNEDVFS_ASSIGN(module, owned(PyObject_CallFunctionObjArgs(make.get(), spec, nullptr)));
  if (PyDict_SetItem(modules, name, module.get()) < 0) return python_error();
  return module;
}

// drop_module removes what a failed load has left, and keeps the exception that may be set.
void drop_module(PyObject* modules, PyObject* name) {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (PyDict_DelItem(modules, name) < 0) PyErr_Clear();  // the module has removed itself
  PyErr_Restore(type, value, traceback);
}

}  // namespace

Result<PyRef> load_module(const Finder& finder, PyObject* loader, PyObject* name) {
  SIGNEDVFS_ASSIGN(ModuleQuery query, ModuleQuery::create(finder, name));
  SIGNEDVFS_ASSIGN(const PyRef path, query.filename());  // raises where there is no code
  SIGNEDVFS_ASSIGN(const PyRef spec, query.spec(loader));
  PyObject* const modules = PyImport_GetModuleDict();
  SIGNEDVFS_ASSIGN(const PyRef module, prepare_module(modules, name, spec.get()));
  if (Status failed = query.execute(module.get()); !failed.ok()) {
    drop_module(modules, name);
    return failed;
  }
  // A module may have put another object in its place.
  SIGNEDVFS_ASSIGN(PyRef loaded, item_of(modules, name));
  if (loaded) return loaded;
  PyErr_Format(PyExc_ImportError, "Loaded module %R not found in sys.modules", name);
  return python_error();
}
#endif

#if PY_VERSION_HEX < 0x030c0000
Result<PyRef> find_module_loader(const Finder& finder, PyObject* loader, PyObject* name) {
  SIGNEDVFS_ASSIGN(ModuleQuery query, ModuleQuery::search(finder, name));
  SIGNEDVFS_ASSIGN(const PyRef spec, query.spec(loader));
  if (spec.get() == Py_None) return PyRef::borrow(Py_None);
  return owned(PyObject_GetAttrString(spec.get(), "loader"));
}

Result<PyRef> find_loader(const Finder& finder, PyObject* loader, PyObject* name) {
  SIGNEDVFS_ASSIGN(ModuleQuery query, ModuleQuery::search(finder, name));
  SIGNEDVFS_ASSIGN(const PyRef spec, query.spec(loader));
  if (spec.get() == Py_None) return owned(Py_BuildValue("(O[])", Py_None));
  SIGNEDVFS_ASSIGN(const PyRef found, owned(PyObject_GetAttrString(spec.get(), "loader")));
  if (found.get() != Py_None) return owned(Py_BuildValue("(O[])", found.get()));
  SIGNEDVFS_ASSIGN(const PyRef portions,
                   owned(PyObject_GetAttrString(spec.get(), "submodule_search_locations")));
  return owned(Py_BuildValue("(OO)", Py_None, portions.get()));
}
#endif

}  // namespace signedvfs
