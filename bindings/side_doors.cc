#include <pybind11/pybind11.h>

#include <array>
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
// interpreters that have no hook. Each is a side door. In its place stands a function that calls
// one of ours, with the original as its first argument; ours knows what is signed, and leaves
// everything else to the original.
struct SideDoor {
  const char* module;     // where it is
  const char* owner;      // the class there, or "" for a function of the module
  const char* name;       // the function
  const char* guard;      // the module of ours that has the function `name` to call
  const char* announcer;  // what is first imported where it is about to be used; "": always loaded
};

constexpr const char* kExternal = "_frozen_importlib_external";
#if PY_VERSION_HEX >= 0x030b0000
constexpr const char* kNamespaceLoader = "NamespaceLoader";
#else
constexpr const char* kNamespaceLoader = "_NamespaceLoader";
#endif

constexpr std::array kSideDoors{
    // importlib.metadata lists and reads what lies in archives.
    SideDoor{kExternal, "PathFinder", "find_distributions", "signedvfs.metadata", ""},
#if PY_VERSION_HEX >= 0x030a0000
    // importlib.resources opens the archives that a namespace package has portions in.
    SideDoor{kExternal, kNamespaceLoader, "get_resource_reader", "signedvfs.resources", ""},
#else
    // importlib.resources does not ask the loader for files(): it opens `loader.archive`.
    SideDoor{"importlib._common", "", "fallback_resources", "signedvfs.resources",
             "importlib.resources"},
#endif
    // A child process starts without the hook; so does the server that forks children.
    SideDoor{"multiprocessing.spawn", "", "get_preparation_data", "signedvfs.processes",
             "multiprocessing.popen_spawn_posix"},
    SideDoor{"multiprocessing.spawn", "", "get_preparation_data", "signedvfs.processes",
             "multiprocessing.popen_forkserver"},
    SideDoor{"multiprocessing.forkserver", "ForkServer", "ensure_running", "signedvfs.processes",
             "multiprocessing.popen_forkserver"},
    // loky, by itself or in joblib, starts its workers with a function of its own of that name.
    SideDoor{"loky.backend.spawn", "", "get_preparation_data", "signedvfs.processes",
             "loky.backend.popen_loky_posix"},
    SideDoor{"joblib.externals.loky.backend.spawn", "", "get_preparation_data",
             "signedvfs.processes", "joblib.externals.loky.backend.popen_loky_posix"},
};

// kClosed holds what stands in the doors, so that none is closed twice, each with the original that
// it calls: for as long as the interpreter lives.
constexpr const char* kClosed = "side doors";

// guarded returns what takes the place of `original`, which it borrows. It binds like a function
// where it is a method.
py::object guarded(const SideDoor& door, py::handle original, bool is_method) {
  py::cpp_function call(
      [&door, original](const py::args& args, const py::kwargs& kwargs) -> py::object {
        // Imported only now: whoever closes the door may be in the middle of an import.
        return py::module_::import(door.guard).attr(door.name)(original, *args, **kwargs);
      },
      py::name(door.name));
  if (!is_method) return call;
  return py::reinterpret_steal<py::object>(PyInstanceMethod_New(call.ptr()));
}

void close_door(const SideDoor& door, const py::object& module, py::list& closed) {
  const bool is_function = std::string_view(door.owner).empty();
  const py::object owner = is_function ? module : py::object(module.attr(door.owner));
  const py::object stored = owner.attr("__dict__")[door.name];
  for (const py::handle& pair : closed) {
    if (py::object(pair.cast<py::tuple>()[0]).is(stored)) return;
  }
  const bool is_method = !is_function && PyFunction_Check(stored.ptr()) != 0;
  const py::object original = owner.attr(door.name);
  const py::object guard = guarded(door, original, is_method);
  closed.append(py::make_tuple(guard, original));
  owner.attr(door.name) = guard;
}

py::object loaded(const char* name) {
  PyObject* const module = PyImport_GetModule(py::str(name).ptr());
  if (module == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(module);
}

}  // namespace

void announce_import(py::handle name) {
  if (PyUnicode_Check(name.ptr()) == 0) return;
  for (const SideDoor& door : kSideDoors) {
    if (*door.announcer == '\0') continue;
    if (PyUnicode_CompareWithASCIIString(name.ptr(), door.announcer) != 0) continue;
    py::list closed = interpreter_state()[kClosed];
    close_door(door, py::module_::import(door.module), closed);
  }
}

void close_side_doors() {
  py::dict state = interpreter_state();
  if (!state.contains(kClosed)) {
    py::list closed;
    state[kClosed] = closed;
    for (const SideDoor& door : kSideDoors) {
      if (const py::object module = loaded(door.module)) close_door(door, module, closed);
    }
  }
  enter_meta_path();
}

void register_side_doors(py::module_& module) {
  module.def("_close_side_doors", &close_side_doors,
             "_close_side_doors()\n--\n\n"
             "Have the standard library ask us before it reads archives by itself.");
}

}  // namespace signedvfs
