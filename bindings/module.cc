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

}  // namespace

// Every object that the module keeps lives in the interpreter's state, so interpreters with a GIL
// of their own share nothing but C++ code.
PYBIND11_MODULE(_core_in_any_interpreter, module, py::mod_gil_not_used(),
                py::multiple_interpreters::per_interpreter_gil()) {
  // Docstrings begin with a signature that `inspect` reads; pybind11's own would hide it.
  py::options options;
  options.disable_function_signatures();

  module.doc() = "The native half of signedvfs.";
  signedvfs::register_errors(module);
  signedvfs::register_keys(module);
  signedvfs::register_policy(module);
  signedvfs::register_limits(module);
  signedvfs::register_vfs(module);
  signedvfs::register_signing(module);
  signedvfs::register_finder(module);
  signedvfs::register_meta_path(module);
  signedvfs::register_sealed(module);
  signedvfs::register_side_doors(module);
  signedvfs::register_hook(module);
  signedvfs::register_trust(module);
  adopt(module);
  signedvfs::register_writer(module);  // for the packer, which finds it here
}

// PyInit__core is what Python calls. Before Python 3.12 pybind11 waits for ever for the GIL of the
// main interpreter when another one imports the module, so that is refused.
// NOLINTNEXTLINE(bugprone-reserved-identifier): Python asks for this name.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
#if PY_VERSION_HEX < 0x030c0000
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError,
                    "signedvfs works in the main interpreter only before Python 3.12");
    return nullptr;
  }
#endif
  return PyInit__core_in_any_interpreter();
}
