// The manifest of an opened archive as a text, for tools that unpack it.
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "importer/values/signed_vfs.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

py::bytes manifest_text(const Home& home, const py::object& archive) {
  if (PyObject_TypeCheck(archive.ptr(), Interpreter::type((*home).types.signed_vfs)) == 0) {
    throw py::type_error("archive must be of type signedvfs.SignedVfs");
  }
  const OpenVfs* const opened = value_in<OpenVfs>(archive.ptr());
  if (opened == nullptr) throw py::error_already_set();
  const Result<std::string> text = without_gil([&]() -> Result<std::string> {
    SIGNEDVFS_ASSIGN(const Manifest* const manifest, (*opened)->manifest());
    return manifest->text();
  });
  if (!text.ok()) throw_status(home, text.status(), Activity::kTool, opened->subject());
  return py::bytes(text.value());
}

}  // namespace

void register_manifest(py::module_& module, const Home& home) {
  module.def("_manifest_text", at_home(home, &manifest_text), py::arg("archive"),
             "_manifest_text(archive)\n--\n\n"
             "Return the manifest that the SignedVfs `archive` was opened by, byte for byte.\n\n"
             "Raises IntegrityCheckError.");
}

}  // namespace signedvfs
