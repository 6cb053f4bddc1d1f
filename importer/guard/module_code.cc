#include "importer/guard/module_code.h"

#include <string>
#include <utility>

namespace signedvfs {
namespace {

// kDeepest bounds how deep classes may lie in classes: they may hold each other.
constexpr int kDeepest = 8;

// field returns what `object`, of `type` or a subclass, holds where `type` itself keeps what it
// calls `name`: a subclass may have something else by that name.
Result<PyRef> field(PyTypeObject& type, PyObject* object, const char* name) {
  SIGNEDVFS_ASSIGN(const PyRef kept,
                   owned(PyObject_GetAttrString(reinterpret_cast<PyObject*>(&type), name)));
  auto* const self = reinterpret_cast<PyObject*>(Py_TYPE(object));
  return owned(Py_TYPE(kept.get())->tp_descr_get(kept.get(), object, self));
}

// as_compiled returns a code object as it was before types.coroutine made the function awaitable.
Result<PyRef> as_compiled(PyObject* code) {
  const int flags = reinterpret_cast<PyCodeObject*>(code)->co_flags;
  if ((flags & CO_ITERABLE_COROUTINE) == 0) return PyRef::borrow(code);
  SIGNEDVFS_ASSIGN(const PyRef replace, owned(PyObject_GetAttrString(code, "replace")));
  SIGNEDVFS_ASSIGN(const PyRef none, owned(PyTuple_New(0)));
  SIGNEDVFS_ASSIGN(const PyRef given,
                   owned(Py_BuildValue("{si}", "co_flags", flags & ~CO_ITERABLE_COROUTINE)));
  return owned(PyObject_Call(replace.get(), none.get(), given.get()));
}

bool is_text(PyObject* object, PyObject* text) {
  return object != nullptr && PyUnicode_Check(object) != 0 && PyUnicode_Compare(object, text) == 0;
}

// is_made_up tells whether a code object was made of no file.
bool is_made_up(PyObject* filename) {
  return PyUnicode_Check(filename) == 0 || PyUnicode_GetLength(filename) == 0 ||
         PyUnicode_ReadChar(filename, 0) == '<';
}

}  // namespace

Status CodeOfFiles::create() {
  SIGNEDVFS_ASSIGN(files_, owned(PyDict_New()));
  return {};
}

Status CodeOfFiles::add(const std::string& module, PyObject* code) {
  return PyCode_Check(code) != 0 ? add_all(code, module + ':') : Status();
}

Status CodeOfFiles::add_all(PyObject* code, const std::string& path) {
  SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code, "co_filename")));
  SIGNEDVFS_ASSIGN(PyRef known, item_of(files_.get(), filename.get()));
  if (!known) {
    SIGNEDVFS_ASSIGN(known, owned(PySet_New(nullptr)));
    if (PyDict_SetItem(files_.get(), filename.get(), known.get()) < 0) return python_error();
  }
  if (PySet_Add(known.get(), code) < 0) return python_error();
  SIGNEDVFS_ASSIGN(const PyRef constants, owned(PyObject_GetAttrString(code, "co_consts")));
  if (PyTuple_Check(constants.get()) == 0) return {};
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(constants.get()); ++i) {
    PyObject* const inner = PyTuple_GET_ITEM(constants.get(), i);
    if (PyCode_Check(inner) == 0) continue;
    SIGNEDVFS_ASSIGN(const PyRef name, owned(PyObject_GetAttrString(inner, "co_name")));
    SIGNEDVFS_ASSIGN(const std::string text, utf8_of(name.get()));
    paths_.insert(path + text);
    SIGNEDVFS_TRY(add_all(inner, path + text + '.'));
  }
  return {};
}

Result<bool> CodeOfFiles::has(PyObject* code) const {
  SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code, "co_filename")));
  SIGNEDVFS_ASSIGN(const PyRef known, item_of(files_.get(), filename.get()));
  if (!known) return false;
  SIGNEDVFS_ASSIGN(const PyRef compiled, as_compiled(code));
  const int found = PySet_Contains(known.get(), compiled.get());
  return found < 0 ? Result<bool>(python_error()) : Result<bool>(found > 0);
}

Result<bool> CodeOfFiles::is_foreign(PyObject* function, const Place& place) const {
  const bool is_own = PyFunction_GetGlobals(function) == place.globals ||
                      is_text(PyFunction_GetModule(function), place.module);
  if (!is_own) return false;
  PyObject* const code = PyFunction_GetCode(function);
  SIGNEDVFS_ASSIGN(const bool is_known, has(code));
  if (is_known) return false;
  SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code, "co_filename")));
  const bool may_be_made_up = place.depth > 0 && !paths_.contains(place.path);
  return !may_be_made_up || !is_made_up(filename.get());
}

Result<PyRef> CodeOfFiles::foreign_value(PyObject* value, const Place& place) const {
  PyRef held = PyRef::borrow(value);
  for (PyTypeObject* const type : {&PyStaticMethod_Type, &PyClassMethod_Type}) {
    if (PyObject_TypeCheck(value, type) == 0) continue;
    SIGNEDVFS_ASSIGN(held, field(*type, value, "__func__"));
    break;
  }
  if (PyObject_TypeCheck(value, &PyProperty_Type) != 0) {
    for (const char* const part : {"fget", "fset", "fdel"}) {
      SIGNEDVFS_ASSIGN(const PyRef one, field(PyProperty_Type, value, part));
      if (PyFunction_Check(one.get()) == 0) continue;
      SIGNEDVFS_ASSIGN(PyRef foreign, foreign_value(one.get(), place));
      if (foreign) return foreign;
    }
    return PyRef();
  }
  PyObject* const object = held.get();
  if (PyFunction_Check(object) != 0) {
    SIGNEDVFS_ASSIGN(const bool foreign, is_foreign(object, place));
    return foreign ? std::move(held) : PyRef();
  }
  if (PyType_Check(object) == 0 || place.depth >= kDeepest) return PyRef();
  auto* const type = reinterpret_cast<PyTypeObject*>(object);
  if (type->tp_dict == nullptr) return PyRef();
  SIGNEDVFS_ASSIGN(const PyRef key, text_of_utf8("__module__"));
  SIGNEDVFS_ASSIGN(const PyRef module, item_of(type->tp_dict, key.get()));
  if (!is_text(module.get(), place.module)) return PyRef();
  return foreign_in(type->tp_dict,
                    {place.module, place.globals, place.path + '.', place.depth + 1});
}

Result<PyRef> CodeOfFiles::foreign_in(PyObject* dict, const Place& place) const {
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PyDict_Items(dict)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* const item = PyList_GET_ITEM(items.get(), i);
    PyObject* const key = PyTuple_GET_ITEM(item, 0);
    if (PyUnicode_Check(key) == 0) continue;
    SIGNEDVFS_ASSIGN(const std::string name, utf8_of(key));
    SIGNEDVFS_ASSIGN(PyRef foreign,
                     foreign_value(PyTuple_GET_ITEM(item, 1),
                                   {place.module, place.globals, place.path + name, place.depth}));
    if (foreign) return foreign;
  }
  return PyRef();
}

Result<PyRef> CodeOfFiles::find_foreign(PyObject* object, const std::string& module) const {
  if (PyModule_Check(object) == 0) return PyRef();
  SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(module));
  PyObject* const globals = PyModule_GetDict(object);
  return foreign_in(globals, {name.get(), globals, module + ':', 0});
}

}  // namespace signedvfs
