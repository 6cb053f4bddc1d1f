// The shared object: the module `_core`, which imports, and the module `_tools` beside it, which
// signs and packs. Both in one, so that C++ state (pools of memory, OpenSSL's context, locks)
// exists once (PEP 489, "Multiple modules in one library").
#include "importer/module.h"

#include <pybind11/pybind11.h>

#include "bindings/registers.h"

namespace py = pybind11;

namespace {

// adopt makes the module's public classes say that they belong to the package, which is where
// people find them.
void adopt(const py::module_& module) {
  for (const auto& [name, value] : module.attr("__dict__").cast<py::dict>()) {
    const bool is_public = PyUnicode_ReadChar(name.ptr(), 0) != '_';
    if (is_public && PyType_Check(value.ptr()) != 0) value.attr("__module__") = "signedvfs";
  }
}

// may_be_here tells whether the running interpreter may have the modules; ImportError where not.
// Before Python 3.12 pybind11 would wait for ever for the GIL of the main interpreter.
bool may_be_here() {
#if PY_VERSION_HEX < 0x030c0000
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError,
                    "signedvfs works in the main interpreter only before Python 3.12");
    return false;
  }
#endif
  return true;
}

}  // namespace

PYBIND11_MODULE(_tools_in_any_interpreter, module, py::mod_gil_not_used(),
                py::multiple_interpreters::per_interpreter_gil()) {
  // Docstrings begin with a signature that `inspect` reads; pybind11's own would hide it.
  py::options options;
  options.disable_function_signatures();

  module.doc() = "What signs and packs: for tools, and not for programs that import.";
  const signedvfs::Home home = signedvfs::Home::of_running_interpreter();
  signedvfs::register_keys(module, home);
  signedvfs::register_legacy(module, home);
  signedvfs::register_manifest(module, home);
  signedvfs::register_signing(module, home);
  signedvfs::register_offline(module, home);
  adopt(module);
  // For the packer, which finds these here.
  signedvfs::register_writer(module, home);
  signedvfs::register_native(module, home);
  signedvfs::register_launcher(module, home);
}

// What Python calls.
// NOLINTBEGIN(bugprone-reserved-identifier): Python asks for these names.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  return may_be_here() ? signedvfs::init_core() : nullptr;
}

extern "C" PYBIND11_EXPORT PyObject* PyInit__tools() {
  return may_be_here() ? PyInit__tools_in_any_interpreter() : nullptr;
}
// NOLINTEND(bugprone-reserved-identifier)
