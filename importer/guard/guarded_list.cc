#include "importer/guard/guarded_list.h"

#include <array>

#include "importer/guard/answering.h"
#include "importer/guard/guard.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"

namespace signedvfs {
namespace {

PyObject* iterate(PyObject* self) {
  Interpreter* const home = home_of(Py_TYPE(self));
  if (home == nullptr) return nullptr;
  const Result<PyRef> managers = enforcing_managers(*home);
  if (!managers.ok()) return raised(*home, managers.status(), Activity::kTool);
  const bool is_guarded = PyList_GET_SIZE(managers->get()) > 0;
  return is_guarded ? PyObject_GetIter(managers->get()) : PyList_Type.tp_iter(self);
}

// plain_items returns a list of what `list` holds, past its class.
Result<PyRef> plain_items(PyObject* list) {
  return owned(PyList_GetSlice(list, 0, PyList_Size(list)));
}

Status remove_from(PyObject* list, PyObject* item) {
  for (Py_ssize_t i = 0;; ++i) {
    const PyRef one = item_at(list, i);
    if (!one) return {};
    if (one.get() == item) {
      return PyList_SetSlice(list, i, i + 1, nullptr) == 0 ? Status() : Status(python_error());
    }
  }
}

}  // namespace

Status add_guarded_list(Interpreter& home) {
  static std::array slots{
      slot(Py_tp_doc,
           "sys.meta_path while a SignedImportManager is installed: going through it leads to "
           "the\nmanagers that enforce, whatever else it holds."),
      PyType_Slot{Py_tp_base, &PyList_Type}, slot(Py_tp_iter, &plain<&iterate>),
      slot(Py_tp_new, PyList_Type.tp_new), PyType_Slot{}};
  static PyType_Spec spec{"signedvfs._core._GuardedMetaPath", 0, 0,
                          Py_TPFLAGS_DEFAULT | kImmutableType, slots.data()};
  return add_type(home, spec, home.types.guarded_list);
}

Status put_in_meta_path(Interpreter& home, PyObject* manager) {
  PyRef list = sys_object("meta_path");
  if (!list || PyList_Check(list.get()) == 0) {
    PyErr_SetString(PyExc_RuntimeError, "sys.meta_path is no list");
    return python_error();
  }
  SIGNEDVFS_ASSIGN(const PyRef enforcing, enforcing_managers(home));
  const bool is_guarded =
      PyObject_TypeCheck(list.get(), Interpreter::type(home.types.guarded_list));
  if (PyList_GET_SIZE(enforcing.get()) > 0 && !is_guarded) {
    SIGNEDVFS_ASSIGN(const PyRef items, plain_items(list.get()));
    SIGNEDVFS_ASSIGN(list, owned(PyObject_CallFunctionObjArgs(home.types.guarded_list.get(),
                                                              items.get(), nullptr)));
  }
  if (item_at(list.get(), 0).get() != manager) {
    SIGNEDVFS_TRY(remove_from(list.get(), manager));
    if (PyList_Insert(list.get(), 0, manager) < 0) return python_error();
  }
  return PySys_SetObject("meta_path", list.get()) == 0 ? Status() : Status(python_error());
}

Status take_from_meta_path(Interpreter& home, PyObject* manager) {
  PyRef list = sys_object("meta_path");
  if (!list || PyList_Check(list.get()) == 0) return {};
  SIGNEDVFS_TRY(remove_from(list.get(), manager));
  SIGNEDVFS_ASSIGN(const PyRef enforcing, enforcing_managers(home));
  if (PyList_GET_SIZE(enforcing.get()) > 0) return {};
  if (PyObject_TypeCheck(list.get(), Interpreter::type(home.types.guarded_list)) == 0) return {};
  SIGNEDVFS_ASSIGN(const PyRef items, plain_items(list.get()));
  return PySys_SetObject("meta_path", items.get()) == 0 ? Status() : Status(python_error());
}

}  // namespace signedvfs
