#include "importer/guard/module_code.h"

#include <string>
#include <utility>
#include <vector>

namespace signedvfs {
namespace {

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

struct CodeOfFiles::Classes {
  // add has a class looked through as what is at `path`. Where the file has nothing of that path
  // (`is_known`), it has nothing below it: all such paths are as good, and a class is looked
  // through once as what is at any of them.
  void add(PyObject* type, std::string path, bool is_known) {
    if (!is_known && !seen.insert(type).second) return;
    waiting.emplace_back(PyRef::borrow(type), is_known ? std::move(path) : std::string());
  }

  std::vector<std::pair<PyRef, std::string>> waiting;
  std::set<PyObject*> seen;  // alive, for `kept` has them
  std::vector<PyRef> kept;
};

Result<bool> CodeOfFiles::is_foreign(PyObject* function, const Subject& of,
                                     const Place& place) const {
  const bool is_own = PyFunction_GetGlobals(function) == of.globals ||
                      is_text(PyFunction_GetModule(function), of.name);
  if (!is_own) return false;
  PyObject* const code = PyFunction_GetCode(function);
  SIGNEDVFS_ASSIGN(const bool is_known, has(code));
  if (is_known) return false;
  SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code, "co_filename")));
  const bool may_be_made_up = place.is_in_class && !paths_.contains(place.path);
  return !may_be_made_up || !is_made_up(filename.get());
}

Result<PyRef> CodeOfFiles::foreign_value(PyObject* value, const Subject& of, const Place& place,
                                         Classes& classes) const {
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
      SIGNEDVFS_ASSIGN(const bool foreign, is_foreign(one.get(), of, place));
      if (foreign) return PyRef::borrow(one.get());
    }
    return PyRef();
  }
  PyObject* const object = held.get();
  if (PyFunction_Check(object) != 0) {
    SIGNEDVFS_ASSIGN(const bool foreign, is_foreign(object, of, place));
    return foreign ? std::move(held) : PyRef();
  }
  if (PyType_Check(object) == 0) return PyRef();
  auto* const type = reinterpret_cast<PyTypeObject*>(object);
  if (type->tp_dict == nullptr) return PyRef();
  SIGNEDVFS_ASSIGN(const PyRef key, text_of_utf8("__module__"));
  SIGNEDVFS_ASSIGN(const PyRef module, item_of(type->tp_dict, key.get()));
  if (is_text(module.get(), of.name)) {
    classes.add(object, place.path, paths_.contains(place.path));
  }
  return PyRef();
}

Result<PyRef> CodeOfFiles::foreign_in(PyObject* dict, const Subject& of, const Place& place,
                                      Classes& classes) const {
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PyDict_Items(dict)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* const item = PyList_GET_ITEM(items.get(), i);
    PyObject* const key = PyTuple_GET_ITEM(item, 0);
    if (PyUnicode_Check(key) == 0) continue;
    SIGNEDVFS_ASSIGN(const std::string name, utf8_of(key));
    SIGNEDVFS_ASSIGN(PyRef foreign, foreign_value(PyTuple_GET_ITEM(item, 1), of,
                                                  {place.path + name, place.is_in_class}, classes));
    if (foreign) return foreign;
  }
  return PyRef();
}

Result<PyRef> CodeOfFiles::find_foreign(PyObject* object, const std::string& module) const {
  if (PyModule_Check(object) == 0) return PyRef();
  SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(module));
  const Subject of{name.get(), PyModule_GetDict(object)};
  Classes classes;
  SIGNEDVFS_ASSIGN(PyRef foreign, foreign_in(of.globals, of, {module + ':'}, classes));
  while (!foreign && !classes.waiting.empty()) {
    auto [type, path] = std::move(classes.waiting.back());
    classes.waiting.pop_back();
    PyObject* const dict = reinterpret_cast<PyTypeObject*>(type.get())->tp_dict;
    SIGNEDVFS_ASSIGN(foreign, foreign_in(dict, of, {path + '.', true}, classes));
    classes.kept.push_back(std::move(type));
  }
  return foreign;
}

}  // namespace signedvfs
