#include "importer/python/isolation.h"

#include <structmember.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "importer/python/errors.h"
#include "importer/python/guard.h"

namespace signedvfs {
namespace {

// kImplied are the flags that -I implies, itself included (Doc/using/cmdline.rst).
constexpr std::array<std::string_view, 4> kImplied{"isolated", "ignore_environment", "no_user_site",
                                                   "safe_path"};

// implied returns what -I makes of a flag: 1, or True where it is a bool.
PyRef implied(PyObject* before) {
  return PyBool_Check(before) != 0 ? PyRef::borrow(Py_True) : PyRef::steal(PyLong_FromLong(1));
}

// isolated_copy returns a copy of `sys.flags`, whose type lets nobody make one from Python.
Result<PyRef> isolated_copy(PyObject* flags) {
  PyTypeObject* const type = Py_TYPE(flags);
  SIGNEDVFS_ASSIGN(PyRef copy, owned(PyStructSequence_New(type)));
  // All fields of `sys.flags` have names, so they are the members, in order.
  Py_ssize_t i = 0;
  for (const PyMemberDef* field = type->tp_members; field->name != nullptr; ++field, ++i) {
    PyObject* const before = PyStructSequence_GetItem(flags, i);
    const bool is_implied =
        std::find(kImplied.begin(), kImplied.end(), field->name) != kImplied.end();
    PyRef value = is_implied ? implied(before) : PyRef::borrow(before);
    if (!value) return python_error();
    PyStructSequence_SetItem(copy.get(), i, std::move(value).release());
  }
  return copy;
}

Status isolate() {
  const PyRef flags = sys_object("flags");
  if (!flags || std::string_view(Py_TYPE(flags.get())->tp_name) != "sys.flags") {
    PyErr_SetString(PyExc_RuntimeError, "sys.flags is not what the interpreter made it");
    return python_error();
  }
  SIGNEDVFS_ASSIGN(const PyRef copy, isolated_copy(flags.get()));
  return PySys_SetObject("flags", copy.get()) == 0 ? Status() : Status(python_error());
}

PyObject* isolate_flags(PyObject* module) {
  Interpreter* const home = living_home(module);
  return home == nullptr ? nullptr : none(*home, isolate(), Activity::kTool);
}

}  // namespace

Status add_isolation(const Interpreter& home) {
  static std::array functions{
      method_of<&isolate_flags>("_isolate_flags",
                                "_isolate_flags($module)\n--\n\n"
                                "Have sys.flags say what -I makes them say."),
      PyMethodDef{}};
  return PyModule_AddFunctions(home.module, functions.data()) == 0 ? Status()
                                                                   : Status(python_error());
}

}  // namespace signedvfs
