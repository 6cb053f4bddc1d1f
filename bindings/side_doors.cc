#include <pybind11/pybind11.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include "bindings/importing.h"
#include "bindings/registers.h"
#include "bindings/state.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

// The standard library does not ask the finder for everything: some of its functions open the
// archive themselves, with zipfile, and would hand out what nobody has verified; others start
// interpreters that have no hook. So do the packages that later versions of it come from. Each is a
// side door. In its place stands a function that calls one of ours, with the original as its first
// argument; ours knows what is signed, and leaves everything else to the original.
//
// Doors are closed when the hook is first used, as far as their modules are loaded, and otherwise
// when these have just been executed, before anybody can have taken the original from them: by the
// loader that our entry of sys.meta_path gives them, and, for whoever finds them in another way (a
// finder in front of ours, spec_from_file_location), by the function that executes all files, which
// is a door itself. A loader that has a function of its own for that is noticed later: the places
// are looked at whenever the hook is called, and whenever an import passes our entry.
//
// What is not there, or is no function any more, leads nowhere and stays as it is: others replace
// these functions, too, and delete them.
struct SideDoor {
  std::string_view module;  // where it is
  const char* owner;        // the class there, or "" for a function of the module
  const char* name;         // the function
  const char* guard;        // the module of ours that has the function to call, or kExecution
  const char* function;     // its name
  bool copied = false;      // other packages carry copies of the module, under their own names
};

constexpr const char* kExternal = "_frozen_importlib_external";
#if PY_VERSION_HEX >= 0x030b0000
constexpr const char* kNamespaceLoader = "NamespaceLoader";
constexpr const char* kReaders = "importlib.resources.readers";
#else
constexpr const char* kNamespaceLoader = "_NamespaceLoader";
[[maybe_unused]] constexpr const char* kReaders = "importlib.readers";  // none in 3.9
#endif
constexpr const char* kMetadata = "signedvfs.metadata";
constexpr const char* kResources = "signedvfs.resources";
constexpr const char* kProcesses = "signedvfs.processes";
// kExecution stands for execute_watched below: it is in the way of every file, and in no traceback.
constexpr const char* kExecution = "";

constexpr std::array kSideDoors{
    // Whatever executes a file with one of the modules below calls this.
    SideDoor{kExternal, "_LoaderBasics", "exec_module", kExecution, "exec_module"},
    // importlib.metadata lists and reads what lies in archives: for whoever asks the import system,
    // and for whoever asks its own classes.
    SideDoor{kExternal, "PathFinder", "find_distributions", kMetadata, "find_distributions"},
    SideDoor{"importlib.metadata", "FastPath", "search", kMetadata, "search"},
    SideDoor{"importlib_metadata", "FastPath", "search", kMetadata, "search", true},
#if PY_VERSION_HEX >= 0x030a0000
    // importlib.resources opens the archives that a namespace package has portions in.
    SideDoor{kExternal, kNamespaceLoader, "get_resource_reader", kResources, "get_resource_reader"},
    // Its readers do so for whoever makes them.
    SideDoor{kReaders, "ZipReader", "files", kResources, "zip_files"},
    SideDoor{kReaders, "NamespaceReader", "__init__", kResources, "read_namespace"},
#else
    // importlib.resources does not ask the loader for files(): it opens `loader.archive`.
    SideDoor{"importlib._common", "", "fallback_resources", kResources, "fallback_resources"},
#endif
    // Its backport does both.
    SideDoor{"importlib_resources.readers", "ZipReader", "files", kResources, "zip_files", true},
    SideDoor{"importlib_resources.readers", "NamespaceReader", "__init__", kResources,
             "read_namespace", true},
    // A child process starts without the hook; so does the server that forks children.
    SideDoor{"multiprocessing.spawn", "", "get_preparation_data", kProcesses,
             "get_preparation_data"},
    SideDoor{"multiprocessing.forkserver", "ForkServer", "ensure_running", kProcesses,
             "ensure_running"},
    // loky, by itself or in joblib, starts its workers with a function of its own of that name.
    SideDoor{"loky.backend.spawn", "", "get_preparation_data", kProcesses, "get_preparation_data",
             true},
};

constexpr const char* kDoors = "side doors";

// Doors is what an interpreter knows of its doors, for as long as it lives.
struct Doors {
  // Place is a name that modules with doors have in sys.modules, but for copies.
  struct Place {
    py::str name;
    py::object seen;  // the module there whose doors are all closed; null: none yet
  };

  // closed holds what stands in the doors as tuples (number of the door, owner, guard, original
  // that the guard calls), so that none is closed twice.
  py::list closed;
  std::vector<Place> places;
};

// is_at tells whether the door is in the module `name`.
bool is_at(const SideDoor& door, std::string_view name) noexcept {
  const std::string_view module = door.module;
  if (!name.ends_with(module)) return false;
  if (name.size() == module.size()) return true;
  return door.copied && name[name.size() - module.size() - 1] == '.';
}

// kShortest is the size of the shortest name of a module with doors: most names are shorter.
constexpr std::size_t shortest_module() {
  std::size_t size = SIZE_MAX;
  for (const SideDoor& door : kSideDoors) size = std::min(size, door.module.size());
  return size;
}
constexpr std::size_t kShortest = shortest_module();

bool has_door(std::string_view name) noexcept {
  if (name.size() < kShortest) return false;
  for (const SideDoor& door : kSideDoors) {
    if (is_at(door, name)) return true;
  }
  return false;
}

// text_of_name borrows the text of a module's name; empty for what is no text.
std::string_view text_of_name(py::handle name) {
  if (!name || PyUnicode_Check(name.ptr()) == 0) return {};
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(name.ptr(), &size);
  if (text == nullptr) PyErr_Clear();  // surrogates: a module may be called that
  return text == nullptr ? std::string_view()
                         : std::string_view(text, static_cast<std::size_t>(size));
}

void close_doors_in_executed(const py::object& module);

// execute_watched calls `original`, which executes a module that it is given after its loader. It
// is in the way of every file, so Python calls it directly.
PyObject* execute_watched(PyObject* original, PyObject* const* arguments, Py_ssize_t count,
                          PyObject* names) {
  PyObject* const result =
      PyObject_Vectorcall(original, arguments, static_cast<std::size_t>(count), names);
  const bool is_named = names != nullptr && PyTuple_GET_SIZE(names) == 1;
  if (result == nullptr || count + (is_named ? 1 : 0) != 2) return result;
  try {
    close_doors_in_executed(py::reinterpret_borrow<py::object>(arguments[1]));
    return result;
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  }
  Py_DECREF(result);
  return nullptr;
}

// watching returns the function that calls `original` so, and keeps it.
py::object watching(py::handle original) {
  static PyMethodDef definition{
      "exec_module", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&execute_watched)),
      METH_FASTCALL | METH_KEYWORDS, nullptr};
  PyObject* const function = PyCFunction_New(&definition, original.ptr());
  if (function == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(function);
}

// guarded returns what takes the place of `original`, which it borrows. It is bound to objects
// where `binds` says so.
py::object guarded(const SideDoor& door, py::handle original, bool binds) {
  py::object call;
  if (door.guard == kExecution) {
    call = watching(original);
  } else {
    call = py::cpp_function(
        [&door, original](const py::args& args, const py::kwargs& kwargs) {
          return own_function(door.guard, door.function)(original, *args, **kwargs);
        },
        py::name(door.function));  // not its own: pybind11 has ideas about "__init__"
  }
  if (!binds) return call;
  return py::reinterpret_steal<py::object>(PyInstanceMethod_New(call.ptr()));
}

// stored_in returns what `owner`, a class or a module, holds under a name, unbound; null: nothing.
py::object stored_in(const py::object& owner, const char* name) {
  if (PyModule_Check(owner.ptr()) != 0) {
    return py::reinterpret_borrow<py::object>(
        PyDict_GetItemString(PyModule_GetDict(owner.ptr()), name));
  }
  if (PyType_Check(owner.ptr()) == 0) return {};
  const py::handle bases = reinterpret_cast<PyTypeObject*>(owner.ptr())->tp_mro;
  for (const py::handle one : py::reinterpret_borrow<py::tuple>(bases)) {
    // Static types, which nobody can put a function into, may have none.
    PyObject* const space = reinterpret_cast<PyTypeObject*>(one.ptr())->tp_dict;
    PyObject* const found = space == nullptr ? nullptr : PyDict_GetItemString(space, name);
    if (found != nullptr) return py::reinterpret_borrow<py::object>(found);
  }
  return {};
}

// binds_to_objects tells whether a function that a class holds is given the object it is called on:
// a plain function is, and so is whatever stands for one and knows how.
bool binds_to_objects(const py::object& stored) {
  const auto is_a = [&](PyTypeObject& type) {
    return PyObject_TypeCheck(stored.ptr(), &type) != 0;
  };
  if (is_a(PyStaticMethod_Type) || is_a(PyClassMethod_Type) || is_a(PyMethod_Type)) return false;
  return Py_TYPE(stored.ptr())->tp_descr_get != nullptr;
}

// forget_answers drops what a class has kept of what came through the open door: its objects, which
// remember what they read.
void forget_answers(const py::object& owner) {
  const py::object maker = py::getattr(owner, "__new__", py::none());
  const py::object clear = py::getattr(maker, "cache_clear", py::none());
  if (!clear.is_none()) clear();
}

// function_at returns the function behind the door as whoever calls it gets it; null where there is
// none, or nothing that could be called.
py::object function_at(const SideDoor& door, const py::object& owner) {
  try {
    py::object found = py::getattr(owner, door.name, py::none());
    return PyCallable_Check(found.ptr()) != 0 ? found : py::object();
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) throw;
    return {};  // nobody else gets at it either
  }
}

bool is_closed(const py::list& closed, const py::object& stored) {
  for (const py::handle entry : closed) {
    if (PyTuple_GET_ITEM(entry.ptr(), 2) == stored.ptr()) return true;
  }
  return false;
}

void close_door(std::size_t number, const py::object& owner, py::list& closed) {
  const SideDoor& door = kSideDoors[number];
  const py::object stored = stored_in(owner, door.name);
  if (!stored || is_closed(closed, stored)) return;
  const py::object original = function_at(door, owner);
  if (!original) return;
  const bool is_method = PyType_Check(owner.ptr()) != 0 && binds_to_objects(stored);
  const py::object guard = guarded(door, original, is_method);
  closed.append(py::make_tuple(number, owner, guard, original));
  py::setattr(owner, door.name, guard);
  if (PyType_Check(owner.ptr()) != 0) forget_answers(owner);
}

// owner_of returns what holds the door in `module`; null: it is not there, or not there yet. Looks
// at nothing that a lazy module would have to be executed for.
py::object owner_of(const SideDoor& door, const py::object& module) {
  if (*door.owner == '\0') return module;
  if (PyModule_Check(module.ptr()) != 0) return stored_in(module, door.owner);
  py::object owner = py::getattr(module, door.owner, py::none());
  return owner.is_none() ? py::object() : owner;
}

// close_doors_in tells whether all doors of the module are closed now.
bool close_doors_in(const py::object& module, std::string_view name, py::list& closed) {
  bool all = true;
  for (std::size_t number = 0; number < kSideDoors.size(); ++number) {
    const SideDoor& door = kSideDoors[number];
    if (!is_at(door, name)) continue;
    const py::object owner = owner_of(door, module);
    if (owner) close_door(number, owner, closed);
    const py::object stored = owner ? stored_in(owner, door.name) : py::object();
    all = all && stored && is_closed(closed, stored);
  }
  return all;
}

void close_all(py::list& closed) {
  const py::dict modules = py::module_::import("sys").attr("modules");
  // A copy: what is closed may be the attribute of an object that imports when it is looked at.
  for (const py::handle name : py::list(modules)) {
    const std::string_view text = text_of_name(name);
    if (!has_door(text)) continue;
    const py::object module = modules.attr("get")(name);
    if (!module.is_none()) close_doors_in(module, text, closed);
  }
}

// close_again closes what somebody has opened since: where another function stands now, it is the
// original of a new guard. Called for every entry of the path, so it looks at known places only.
void close_again(py::list& closed) {
  const std::size_t count = closed.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto entry = closed[i].cast<py::tuple>();
    const auto number = entry[0].cast<std::size_t>();
    const py::object owner = entry[1];
    const py::object stored = stored_in(owner, kSideDoors[number].name);
    if (stored && !stored.is(entry[2])) close_door(number, owner, closed);
  }
}

// doors_in_use returns what the interpreter knows of its doors; null before the first are closed.
Doors* doors_in_use() {
  const py::dict state = interpreter_state();
  if (!state.contains(kDoors)) return nullptr;
  return state[kDoors].cast<py::capsule>().get_pointer<Doors>();
}

Doors& begin_closing() {
  py::dict state = interpreter_state();
  auto doors = std::make_unique<Doors>();
  for (const SideDoor& door : kSideDoors) {
    const std::string_view module = door.module;
    const bool is_known =
        std::any_of(doors->places.begin(), doors->places.end(),
                    [&](const Doors::Place& place) { return text_of_name(place.name) == module; });
    if (!is_known) doors->places.push_back({py::str(door.module), py::object()});
  }
  Doors& out = *doors;
  state[kDoors] =
      py::capsule(doors.release(), [](void* kept) { delete static_cast<Doors*>(kept); });
  return out;
}

void close_doors_in_executed(const py::object& module) {
  // Nearly all modules have none: that is to be seen before anything else is looked up.
  const py::handle name = PyModule_Check(module.ptr()) == 0
                              ? py::handle()
                              : PyDict_GetItemString(PyModule_GetDict(module.ptr()), "__name__");
  const std::string_view text = text_of_name(name);
  if (!has_door(text)) return;
  if (Doors* const doors = doors_in_use()) close_doors_in(module, text, doors->closed);
}

// close_doors_of closes those in a module that has just been executed.
void close_doors_of(const py::str& name) {
  Doors* const doors = doors_in_use();
  if (doors == nullptr) return;
  PyObject* const module = PyImport_GetModule(name.ptr());
  if (module == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  if (module == nullptr) return;
  close_doors_in(py::reinterpret_steal<py::object>(module), text_of_name(name), doors->closed);
}

// close_doors_at_places looks at all known names. It is in the way of every import: so it looks at
// what is new there only.
void close_doors_at_places(Doors& doors) {
  PyObject* const modules = PyImport_GetModuleDict();
  if (modules == nullptr || PyDict_Check(modules) == 0) return;
  for (Doors::Place& place : doors.places) {
    PyObject* const there = PyDict_GetItemWithError(modules, place.name.ptr());
    if (there == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (there == nullptr || there == place.seen.ptr()) continue;
    const auto module = py::reinterpret_borrow<py::object>(there);
    if (close_doors_in(module, text_of_name(place.name), doors.closed)) place.seen = module;
  }
}

}  // namespace

py::object own_function(const char* module, const char* name) {
  try {
    return py::module_::import(module).attr(name);
  } catch (py::error_already_set& error) {
    // importlib.resources takes an AttributeError for a loader without resources, and goes on
    // without it.
    if (!error.matches(PyExc_AttributeError)) throw;
    py::raise_from(error, PyExc_RuntimeError, "signedvfs is not installed completely");
    throw py::error_already_set();
  }
}

py::object watch_import(py::handle finder, py::handle name, py::handle path, py::handle target,
                        py::object spec) {
  if (!has_door(text_of_name(name))) return spec;
  return py::module_::import("signedvfs.doors").attr("watched")(finder, name, path, target, spec);
}

void close_side_doors() {
  if (Doors* const doors = doors_in_use()) {
    close_again(doors->closed);
    close_doors_at_places(*doors);
  } else {
    close_all(begin_closing().closed);
  }
  enter_meta_path();
}

py::object known_side_doors() { return interpreter_state()[kDoors]; }

void close_new_side_doors(const py::object& known) {
  close_doors_at_places(*static_cast<Doors*>(PyCapsule_GetPointer(known.ptr(), nullptr)));
}

void register_side_doors(py::module_& module) {
  module.def("_close_side_doors", &close_side_doors,
             "_close_side_doors()\n--\n\n"
             "Have the standard library ask us before it reads archives by itself.");
  module.def("_close_doors_of", &close_doors_of, py::arg("name"),
             "_close_doors_of(name)\n--\n\n"
             "Do so for a module that has just been executed.");
}

}  // namespace signedvfs
