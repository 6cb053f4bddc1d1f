// The floor under every importer: a meta-path finder in C over .pyc content that is in memory
// already. It looks a name up in a dict, builds a ModuleSpec, unmarshals and executes; nothing is
// opened, read, inflated or verified. An importer that keeps to importlib's protocol can reach
// that, and nothing less.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <marshal.h>

namespace {

// kHeader is the length of what stands in front of the marshal data in a .pyc (PEP 552).
constexpr Py_ssize_t kHeader = 16;

// Finder maps names to (content, is_package, path of the source).
struct Finder {
  PyObject_HEAD PyObject* modules;
  PyObject* module_spec;  // importlib's ModuleSpec
};

Finder* finder_of(PyObject* self) { return reinterpret_cast<Finder*>(self); }

// entry_of returns the borrowed entry of a module, or null: without an exception where there is
// none.
PyObject* entry_of(PyObject* self, PyObject* name) {
  return PyDict_GetItemWithError(finder_of(self)->modules, name);
}

// ref returns one more reference (Py_NewRef came with 3.10).
PyObject* ref(PyObject* object) {
  Py_INCREF(object);
  return object;
}

// set stores a new reference in an attribute; value may be null, with its exception.
bool set(PyObject* object, const char* name, PyObject* value) {
  if (value == nullptr) return false;
  const bool done = PyObject_SetAttrString(object, name, value) == 0;
  Py_DECREF(value);
  return done;
}

// package_path returns a list with the directory of `file`, a package's __init__.py.
PyObject* package_path(PyObject* file) {
  const Py_ssize_t slash = PyUnicode_FindChar(file, '/', 0, PyUnicode_GET_LENGTH(file), -1);
  PyObject* directory = PyUnicode_Substring(file, 0, slash < 0 ? 0 : slash);
  if (directory == nullptr) return nullptr;
  PyObject* list = PyList_New(1);
  if (list == nullptr) {
    Py_DECREF(directory);
    return nullptr;
  }
  PyList_SET_ITEM(list, 0, directory);
  return list;
}

PyObject* find_spec(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count < 1) return PyErr_Format(PyExc_TypeError, "find_spec needs a name");
  PyObject* entry = entry_of(self, arguments[0]);
  if (entry == nullptr) return PyErr_Occurred() != nullptr ? nullptr : ref(Py_None);
  PyObject* both[] = {arguments[0], self};
  PyObject* spec = PyObject_Vectorcall(finder_of(self)->module_spec, both, 2, nullptr);
  if (spec == nullptr) return nullptr;
  if (PyTuple_GET_ITEM(entry, 1) != Py_True ||
      set(spec, "submodule_search_locations", package_path(PyTuple_GET_ITEM(entry, 2)))) {
    return spec;
  }
  Py_DECREF(spec);
  return nullptr;
}

// load_code unmarshals the code object of an entry.
PyObject* load_code(PyObject* entry) {
  PyObject* content = PyTuple_GET_ITEM(entry, 0);
  return PyMarshal_ReadObjectFromString(PyBytes_AS_STRING(content) + kHeader,
                                        PyBytes_GET_SIZE(content) - kHeader);
}

PyObject* get_code(PyObject* self, PyObject* name) {
  PyObject* entry = entry_of(self, name);
  if (entry != nullptr) return load_code(entry);
  return PyErr_Occurred() != nullptr ? nullptr : PyErr_Format(PyExc_ImportError, "%R", name);
}

PyObject* create_module(PyObject* /*self*/, PyObject* /*spec*/) { return ref(Py_None); }

// exec_module sets __file__ itself: importlib would do it in Python.
PyObject* exec_module(PyObject* self, PyObject* module) {
  PyObject* name = PyModule_GetNameObject(module);
  if (name == nullptr) return nullptr;
  PyObject* code = get_code(self, name);
  PyObject* entry = code != nullptr ? entry_of(self, name) : nullptr;
  Py_DECREF(name);
  PyObject* globals = PyModule_GetDict(module);
  PyObject* result = nullptr;
  if (entry != nullptr &&
      PyDict_SetItemString(globals, "__file__", PyTuple_GET_ITEM(entry, 2)) == 0 &&
      PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) == 0) {
    result = PyEval_EvalCode(code, globals, globals);
  }
  Py_XDECREF(code);
  return result;
}

PyObject* make(PyTypeObject* type, PyObject* arguments, PyObject* /*keywords*/) {
  PyObject* modules = nullptr;
  PyObject* module_spec = nullptr;
  if (PyArg_ParseTuple(arguments, "O!O", &PyDict_Type, &modules, &module_spec) == 0) return nullptr;
  PyObject* self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  finder_of(self)->modules = ref(modules);
  finder_of(self)->module_spec = ref(module_spec);
  return self;
}

void drop(PyObject* self) {
  Py_XDECREF(finder_of(self)->modules);
  Py_XDECREF(finder_of(self)->module_spec);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef methods[] = {
    {"find_spec", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(find_spec)),
     METH_FASTCALL, nullptr},
    {"get_code", get_code, METH_O, nullptr},
    {"create_module", create_module, METH_O, nullptr},
    {"exec_module", exec_module, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(make)},
    {Py_tp_dealloc, reinterpret_cast<void*>(drop)},
    {Py_tp_methods, methods},
    {0, nullptr},
};

PyType_Spec finder_spec = {"floor_finder.Finder", sizeof(Finder), 0, Py_TPFLAGS_DEFAULT, slots};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "floor_finder", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr,
};

}  // namespace

PyMODINIT_FUNC PyInit_floor_finder() {
  PyObject* module = PyModule_Create(&definition);
  if (module == nullptr) return nullptr;
  if (set(module, "Finder", PyType_FromSpec(&finder_spec))) return module;
  Py_DECREF(module);
  return nullptr;
}
