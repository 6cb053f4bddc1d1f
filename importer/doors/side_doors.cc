#include "importer/doors/side_doors.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "importer/doors/looking.h"
#include "importer/doors/registries.h"
#include "importer/doors/table.h"
#include "importer/doors/watching.h"
#include "importer/python/errors.h"
#include "importer/python/guard.h"

namespace signedvfs {

// Doors is what an interpreter knows of its doors. What changes are Python lists, which bear it
// that other threads change them, too.
struct Doors {
  // closed holds what stands in the doors as tuples (number of the door, owner, guard, original
  // that the guard calls), so that none is closed twice.
  PyRef closed;

  // names are those that modules with doors have in sys.modules, but for copies; `seen` has at the
  // same positions the modules there whose doors are all closed, or None.
  std::vector<PyRef> names;
  PyRef seen;

  Registries registries;

  std::atomic<bool> has_begun = false;  // true from the first time that doors are closed
};

namespace {

// is_at tells whether the door is in the module `name`.
bool is_at(const SideDoor& door, std::string_view name) noexcept {
  return is_module_at(door.module, door.copied, name);
}

// kShortest is the size of the shortest name of a module with doors or a registry: most names are
// shorter.
constexpr std::size_t shortest_module() {
  std::size_t size = SIZE_MAX;
  for (const SideDoor& door : kSideDoors) size = std::min(size, door.module.size());
  for (const ClassRegistry& one : kRegistries) size = std::min(size, one.module.size());
  return size;
}
constexpr std::size_t kShortest = shortest_module();

bool is_watched(std::string_view name) noexcept {
  if (name.size() < kShortest) return false;
  return has_registry(name) || std::any_of(kSideDoors.begin(), kSideDoors.end(),
                                           [&](const SideDoor& door) { return is_at(door, name); });
}

// stored_in returns what `owner`, a class or a module, holds under a name, unbound, or nothing.
Result<PyRef> stored_in(PyObject* owner, const char* name) {
  if (PyModule_Check(owner) != 0) return item_named(PyModule_GetDict(owner), name);
  if (PyType_Check(owner) == 0) return PyRef();
  const PyRef order = PyRef::borrow(reinterpret_cast<PyTypeObject*>(owner)->tp_mro);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(order.get()); ++i) {
    // Static types, which nobody can put a function into, may have none.
    auto* const one = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(order.get(), i));
    if (one->tp_dict == nullptr) continue;
    SIGNEDVFS_ASSIGN(PyRef found, item_named(one->tp_dict, name));
    if (found) return found;
  }
  return PyRef();
}

// binds_to_objects tells whether a function that a class holds is given the object it is called on:
// a plain function is, and so is whatever stands for one and knows how.
bool binds_to_objects(PyObject* stored) noexcept {
  const auto is_a = [&](PyTypeObject& type) { return PyObject_TypeCheck(stored, &type) != 0; };
  if (is_a(PyStaticMethod_Type) || is_a(PyClassMethod_Type) || is_a(PyMethod_Type)) return false;
  return Py_TYPE(stored)->tp_descr_get != nullptr;
}

// forget_answers drops what a class has kept of what came through the open door: its objects, which
// remember what they read.
Status forget_answers(PyObject* owner) {
  SIGNEDVFS_ASSIGN(const PyRef maker, attribute_of(owner, "__new__"));
  if (!maker) return {};
  SIGNEDVFS_ASSIGN(const PyRef clear, attribute_of(maker.get(), "cache_clear"));
  if (!clear) return {};
  return outcome(owned(PyObject_CallFunctionObjArgs(clear.get(), nullptr)));
}

// function_at returns the function behind the door as whoever calls it gets it, or nothing where
// there is none that could be called.
Result<PyRef> function_at(const SideDoor& door, PyObject* owner) {
  Result<PyRef> found = owned(PyObject_GetAttrString(owner, door.name));
  if (!found.ok()) {
    if (PyErr_ExceptionMatches(PyExc_Exception) == 0) return found;
    PyErr_Clear();
    return PyRef();  // nobody else gets at it either
  }
  if (PyCallable_Check(found->get()) == 0) return PyRef();
  return found;
}

bool is_closed(const Doors& doors, PyObject* stored) {
  for (Py_ssize_t i = 0;; ++i) {
    const PyRef entry = item_at(doors.closed.get(), i);
    if (!entry) return false;
    if (PyTuple_GET_ITEM(entry.get(), 2) == stored) return true;
  }
}

Status close_door(Interpreter& home, std::size_t number, PyObject* owner) {
  Doors& doors = *home.doors;
  const SideDoor& door = kSideDoors[number];
  SIGNEDVFS_ASSIGN(const PyRef stored, stored_in(owner, door.name));
  if (!stored || is_closed(doors, stored.get())) return {};
  SIGNEDVFS_ASSIGN(const PyRef original, function_at(door, owner));
  if (!original) return {};
  const bool is_class = PyType_Check(owner) != 0;
  SIGNEDVFS_ASSIGN(const PyRef guard, guard_of(home, number, original.get(),
                                               is_class && binds_to_objects(stored.get())));
  SIGNEDVFS_ASSIGN(const PyRef entry, owned(Py_BuildValue("(nOOO)", static_cast<Py_ssize_t>(number),
                                                          owner, guard.get(), original.get())));
  if (PyList_Append(doors.closed.get(), entry.get()) < 0 ||
      PyObject_SetAttrString(owner, door.name, guard.get()) < 0) {
    return python_error();
  }
  return is_class ? forget_answers(owner) : Status();
}

// owner_of returns what holds the door in `module`, or nothing: it is not there, or not there yet.
// Looks at nothing that a lazy module would have to be executed for.
Result<PyRef> owner_of(const SideDoor& door, PyObject* module) {
  if (*door.owner == '\0') return PyRef::borrow(module);
  if (PyModule_Check(module) != 0) return stored_in(module, door.owner);
  SIGNEDVFS_ASSIGN(PyRef owner, attribute_of(module, door.owner));
  return owner.get() == Py_None ? PyRef() : std::move(owner);
}

// close_doors_in tells whether all doors of the module are closed now. Imports nothing.
Result<bool> close_doors_in(Interpreter& home, PyObject* module, std::string_view name) {
  SIGNEDVFS_TRY(home.doors->registries.enter_or_wait(home, module, name));
  bool all = true;
  for (std::size_t number = 0; number < kSideDoors.size(); ++number) {
    const SideDoor& door = kSideDoors[number];
    if (!is_at(door, name)) continue;
    SIGNEDVFS_ASSIGN(const PyRef owner, owner_of(door, module));
    if (!owner) {
      all = false;
      continue;
    }
    SIGNEDVFS_TRY(close_door(home, number, owner.get()));
    SIGNEDVFS_ASSIGN(const PyRef stored, stored_in(owner.get(), door.name));
    all = all && stored && is_closed(*home.doors, stored.get());
  }
  return all;
}

// close_executed does so in a module that has just been executed, by whoever imports it.
Status close_executed(Interpreter& home, PyObject* module, std::string_view name) {
  SIGNEDVFS_TRY(outcome(home.doors->registries.enter(home, module, name)));
  return outcome(close_doors_in(home, module, name));
}

Status close_all(Interpreter& home) {
  const PyRef modules = sys_object("modules");
  // A copy: what is closed may be the attribute of an object that imports when it is looked at.
  SIGNEDVFS_ASSIGN(const PyRef names, owned(PySequence_List(modules.get())));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names.get()); ++i) {
    PyObject* const name = PyList_GET_ITEM(names.get(), i);
    const std::string_view text = text_in(name);
    if (!is_watched(text)) continue;
    const PyRef module = PyRef::steal(PyImport_GetModule(name));
    if (!module && PyErr_Occurred() != nullptr) return python_error();
    if (!module || module.get() == Py_None) continue;
    SIGNEDVFS_TRY(outcome(close_doors_in(home, module.get(), text)));
  }
  return {};
}

// close_again closes what somebody has opened since: where another function stands now, it is the
// original of a new guard. Called for every entry of the path, so it looks at known places only.
Status close_again(Interpreter& home) {
  const Py_ssize_t count = PyList_Size(home.doors->closed.get());
  for (Py_ssize_t i = 0; i < count; ++i) {
    const PyRef entry = item_at(home.doors->closed.get(), i);
    if (!entry) break;
    const Py_ssize_t number = PyLong_AsSsize_t(PyTuple_GET_ITEM(entry.get(), 0));
    PyObject* const owner = PyTuple_GET_ITEM(entry.get(), 1);
    const SideDoor& door = kSideDoors[static_cast<std::size_t>(number)];
    SIGNEDVFS_ASSIGN(const PyRef stored, stored_in(owner, door.name));
    if (stored && stored.get() != PyTuple_GET_ITEM(entry.get(), 2)) {
      SIGNEDVFS_TRY(close_door(home, static_cast<std::size_t>(number), owner));
    }
  }
  return {};
}

Result<std::shared_ptr<Doors>> new_doors() {
  auto doors = std::make_shared<Doors>();
  SIGNEDVFS_ASSIGN(doors->closed, owned(PyList_New(0)));
  SIGNEDVFS_ASSIGN(doors->seen, owned(PyList_New(0)));
  SIGNEDVFS_TRY(doors->registries.create());
  std::set<std::string_view> modules;
  for (const SideDoor& door : kSideDoors) modules.insert(door.module);
  for (const ClassRegistry& one : kRegistries) modules.insert(one.module);
  for (const std::string_view module : modules) {
    SIGNEDVFS_ASSIGN(PyRef name, text_of_utf8(module));
    doors->names.push_back(std::move(name));
    if (PyList_Append(doors->seen.get(), Py_None) < 0) return python_error();
  }
  return doors;
}

// execute_watched_module has a loader execute a module, which may ask our finders meanwhile.
PyObject* execute_watched_module(PyObject* module, const Arguments& given) {
  static constexpr Parameters<2> kParameters{"_execute", 2, {"loader", "executed"}};
  std::array<PyObject*, 2> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  const Execution execution(*alive, arguments[1]);
  return PyObject_CallMethod(arguments[0], "exec_module", "O", arguments[1]);
}

// close_doors_of closes those in a module that has just been executed.
PyObject* close_doors_of(PyObject* module, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"_close_doors_of", 1, {"name"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  Interpreter& home = *alive;
  if (!home.doors->has_begun) Py_RETURN_NONE;
  const PyRef executed = PyRef::steal(PyImport_GetModule(arguments[0]));
  if (!executed && PyErr_Occurred() != nullptr) return nullptr;
  if (executed) {
    const Status closed = close_executed(home, executed.get(), text_in(arguments[0]));
    if (!closed.ok()) return raised(home, closed, Activity::kTool);
  }
  Py_RETURN_NONE;
}

}  // namespace

Result<PyRef> own_function(const char* module, const char* name) {
  SIGNEDVFS_ASSIGN(const PyRef ours, owned(PyImport_ImportModule(module)));
  PyRef found = PyRef::steal(PyObject_GetAttrString(ours.get(), name));
  if (found) return found;
  // importlib.resources takes an AttributeError for a loader without resources, and goes on
  // without it.
  if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return python_error();
  PyErr_Format(PyExc_RuntimeError, "signedvfs is not installed completely: %s has no %s", module,
               name);
  return python_error();
}

Result<PyRef> watch_import(PyObject* finder, PyObject* name, PyObject* path, PyObject* target,
                           PyRef spec) {
  if (!is_watched(text_in(name))) return spec;
  SIGNEDVFS_ASSIGN(const PyRef watched, own_function("signedvfs.doors", "watched"));
  return owned(
      PyObject_CallFunctionObjArgs(watched.get(), finder, name, path, target, spec.get(), nullptr));
}

Status close_side_doors(Interpreter& home) {
  if (!home.doors->has_begun.exchange(true)) return close_all(home);
  SIGNEDVFS_TRY(close_again(home));
  return close_new_side_doors(home);
}

Status close_new_side_doors(Interpreter& home) {
  if (!home.doors->has_begun) return {};
  Doors& doors = *home.doors;
  PyObject* const modules = PyImport_GetModuleDict();
  if (modules == nullptr || PyDict_Check(modules) == 0) return {};
  for (std::size_t i = 0; i < doors.names.size(); ++i) {
    PyObject* const name = doors.names[i].get();
    SIGNEDVFS_ASSIGN(const PyRef there, item_of(modules, name));
    if (!there) continue;
    const auto at = static_cast<Py_ssize_t>(i);
    if (item_at(doors.seen.get(), at).get() == there.get()) continue;
    SIGNEDVFS_ASSIGN(const bool all, close_doors_in(home, there.get(), text_in(name)));
    if (!all) continue;
    Py_INCREF(there.get());
    if (PyList_SetItem(doors.seen.get(), at, there.get()) < 0) return python_error();
  }
  return {};
}

Status close_doors_in_executed(Interpreter& home, PyObject* module) {
  if (!home.doors || !home.doors->has_begun || PyModule_Check(module) == 0) return {};
  // Nearly all modules have none: that is to be seen before anything else is looked up.
  SIGNEDVFS_ASSIGN(const PyRef name, item_named(PyModule_GetDict(module), "__name__"));
  const std::string_view text = text_in(name.get());
  if (!is_watched(text)) return {};
  return close_executed(home, module, text);
}

Execution::Execution(const Interpreter& home, PyObject* module) {
  if (module == nullptr || !home.doors || PyModule_Check(module) == 0) return;
  const Result<PyRef> name = item_named(PyModule_GetDict(module), "__name__");
  if (!name.ok()) PyErr_Clear();
  if (!name.ok() || !has_registry(text_in(name->get()))) return;
  doors_ = home.doors;
  module_ = PyRef::borrow(module);
  doors_->registries.begin(module);
}

Execution::~Execution() {
  if (doors_) doors_->registries.end(module_.get());
}

Status enter_registries_being_made(Interpreter& home) {
  return home.doors ? home.doors->registries.enter_begun(home) : Status();
}

Status add_doors(Interpreter& home) {
  static std::array functions{
      method_of<&execute_watched_module>(
          "_execute",
          "_execute($module, loader, executed)\n--\n\n"
          "Have a loader execute a module that has doors or a registry."),
      method_of<&close_doors_of>("_close_doors_of",
                                 "_close_doors_of($module, name)\n--\n\n"
                                 "Do so for a module that has just been executed."),
      PyMethodDef{}};
  SIGNEDVFS_ASSIGN(home.doors, new_doors());
  if (PyModule_AddFunctions(home.module, functions.data()) < 0) return python_error();
  return {};
}

int traverse_doors(const Doors& doors, visitproc visit, void* arg) {
  Py_VISIT(doors.closed.get());
  Py_VISIT(doors.seen.get());
  return doors.registries.traverse(visit, arg);
}

}  // namespace signedvfs
