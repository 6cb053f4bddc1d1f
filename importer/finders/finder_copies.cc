#include "importer/finders/finder_copies.h"

#include <utility>

#include "importer/finders/finder_type.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"

namespace signedvfs {
namespace {

// pickled makes the type and the path, and what else Python has set on the object, stand for it. A
// finder below given roots is made by the hook for those roots, or not at all.
Result<PyRef> pickled(Interpreter& home, const Finder& finder, PyObject* self) {
  SIGNEDVFS_ASSIGN(const PyRef path, path_of_finder(finder));
  PyRef maker = PyRef::borrow(reinterpret_cast<PyObject*>(Py_TYPE(self)));
  Result<PyRef> arguments = owned(PyTuple_Pack(1, path.get()));
  if (finder.state().is_scoped()) {
    maker = PyRef::steal(PyObject_GetAttrString(home.module, "_finder_below"));
    if (!maker) return python_error();
    SIGNEDVFS_ASSIGN(const PyRef roots, roots_of(finder.state()));
    arguments = owned(PyTuple_Pack(2, roots.get(), path.get()));
  }
  if (!arguments.ok()) return arguments;
  SIGNEDVFS_ASSIGN(const PyRef attributes, owned(PyObject_GetAttrString(self, "__dict__")));
  if (PyDict_Size(attributes.get()) == 0) {
    return owned(PyTuple_Pack(2, maker.get(), arguments->get()));
  }
  return owned(PyTuple_Pack(3, maker.get(), arguments->get(), attributes.get()));
}

// copied copies a finder of the very class without opening anything: the copy is worth as much as
// the original, also where the archive is gone or refused. Subclasses have constructors of their
// own.
Result<PyRef> copied(Interpreter& home, const Finder& finder, PyObject* self) {
  PyRef made;
  // A constructor knows nothing of given roots, nor of the policy that counts below them.
  if (Py_TYPE(self) == Interpreter::type(home.types.finder) || finder.state().is_scoped()) {
    SIGNEDVFS_ASSIGN(made, new_object(Py_TYPE(self), &home, Finder(finder)));
  } else {
    SIGNEDVFS_ASSIGN(const PyRef path, path_of_finder(finder));
    auto* const type = reinterpret_cast<PyObject*>(Py_TYPE(self));
    SIGNEDVFS_ASSIGN(made, owned(PyObject_CallFunctionObjArgs(type, path.get(), nullptr)));
  }
  SIGNEDVFS_ASSIGN(const PyRef from, owned(PyObject_GetAttrString(self, "__dict__")));
  SIGNEDVFS_ASSIGN(const PyRef to, owned(PyObject_GetAttrString(made.get(), "__dict__")));
  if (PyDict_Update(to.get(), from.get()) < 0) return python_error();
  return made;
}

PyObject* reduce(PyObject* self) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  Interpreter& home = *holder_of<Finder>(self)->home;
  return answer(home, pickled(home, *finder, self), Activity::kTool);
}

PyObject* copy(PyObject* self) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  Interpreter& home = *holder_of<Finder>(self)->home;
  return answer(home, copied(home, *finder, self), Activity::kTool);
}

PyObject* deep_copy(PyObject* self, const Arguments& /*memo*/) { return copy(self); }

}  // namespace

void add_copies(std::vector<PyMethodDef>& methods) {
  methods.push_back(method_of<&reduce>("__reduce__", nullptr));
  methods.push_back(method_of<&copy>("__copy__", nullptr));
  methods.push_back(method_of<&deep_copy>("__deepcopy__", nullptr));
}

}  // namespace signedvfs
