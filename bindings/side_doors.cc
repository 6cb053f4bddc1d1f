#include <pybind11/pybind11.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

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
// when these have just been executed, before anybody can have taken the original from them.
//
// What is not there, or is no function any more, leads nowhere and stays as it is: others replace
// these functions, too, and delete them.
struct SideDoor {
  const char* module;    // where it is
  const char* owner;     // the class there, or "" for a function of the module
  const char* name;      // the function
  const char* guard;     // the module of ours that has the function to call
  const char* function;  // its name
  bool copied = false;   // other packages carry copies of the module, under their own names
};

constexpr const char* kExternal = "_frozen_importlib_external";
#if PY_VERSION_HEX >= 0x030b0000
constexpr const char* kNamespaceLoader = "NamespaceLoader";
#else
constexpr const char* kNamespaceLoader = "_NamespaceLoader";
#endif
constexpr const char* kMetadata = "signedvfs.metadata";
constexpr const char* kResources = "signedvfs.resources";
constexpr const char* kProcesses = "signedvfs.processes";

constexpr std::array kSideDoors{
    // importlib.metadata lists and reads what lies in archives: for whoever asks the import system,
    // and for whoever asks its own classes.
    SideDoor{kExternal, "PathFinder", "find_distributions", kMetadata, "find_distributions"},
    SideDoor{"importlib.metadata", "FastPath", "search", kMetadata, "search"},
    SideDoor{"importlib_metadata", "FastPath", "search", kMetadata, "search", true},
#if PY_VERSION_HEX >= 0x030a0000
    // importlib.resources opens the archives that a namespace package has portions in.
    SideDoor{kExternal, kNamespaceLoader, "get_resource_reader", kResources, "get_resource_reader"},
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

// kClosed holds what stands in the doors as tuples (number of the door, owner, guard, original that
// the guard calls), so that none is closed twice: for as long as the interpreter lives.
constexpr const char* kClosed = "side doors";

// is_at tells whether the door is in the module `name`.
bool is_at(const SideDoor& door, std::string_view name) noexcept {
  const std::string_view module = door.module;
  if (!name.ends_with(module)) return false;
  if (name.size() == module.size()) return true;
  return door.copied && name[name.size() - module.size() - 1] == '.';
}

// guarded returns what takes the place of `original`, which it borrows. It is bound to objects
// where `binds` says so.
py::object guarded(const SideDoor& door, py::handle original, bool binds) {
  py::cpp_function call(
      [&door, original](const py::args& args, const py::kwargs& kwargs) {
        return own_function(door.guard, door.function)(original, *args, **kwargs);
      },
      py::name(door.function));  // not its own: pybind11 has ideas about "__init__"
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

void close_doors_in(const py::object& module, std::string_view name, py::list& closed) {
  for (std::size_t number = 0; number < kSideDoors.size(); ++number) {
    const SideDoor& door = kSideDoors[number];
    if (!is_at(door, name)) continue;
    const bool is_function = *door.owner == '\0';
    const py::object owner = is_function ? module : py::getattr(module, door.owner, py::none());
    if (!owner.is_none()) close_door(number, owner, closed);
  }
}

// text_of_name borrows the text of a module's name; empty for what is no text.
std::string_view text_of_name(py::handle name) {
  if (PyUnicode_Check(name.ptr()) == 0) return {};
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(name.ptr(), &size);
  if (text == nullptr) PyErr_Clear();  // surrogates: a module may be called that
  return text == nullptr ? std::string_view()
                         : std::string_view(text, static_cast<std::size_t>(size));
}

bool has_door(std::string_view name) noexcept {
  for (const SideDoor& door : kSideDoors) {
    if (is_at(door, name)) return true;
  }
  return false;
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

// close_doors_of closes those in a module that has just been executed.
void close_doors_of(const py::str& name) {
  const py::dict state = interpreter_state();
  if (!state.contains(kClosed)) return;
  py::list closed = state[kClosed];
  PyObject* const module = PyImport_GetModule(name.ptr());
  if (module == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  if (module == nullptr) return;
  close_doors_in(py::reinterpret_steal<py::object>(module), text_of_name(name), closed);
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
  py::dict state = interpreter_state();
  if (state.contains(kClosed)) {
    py::list closed = state[kClosed];
    close_again(closed);
  } else {
    py::list closed;
    state[kClosed] = closed;
    close_all(closed);
  }
  enter_meta_path();
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
