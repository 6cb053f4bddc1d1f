// Our entry of sys.meta_path, in front of all others.
#include <pybind11/pybind11.h>

#include <memory>

#include "bindings/errors.h"
#include "bindings/importing.h"
#include "bindings/registers.h"
#include "bindings/state.h"
#include "importer/path_finder.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

constexpr const char* kEntry = "entry of sys.meta_path";

// MetaPathEntry sees every import come. What it finds itself is what the path hook's finders find,
// only sooner.
struct MetaPathEntry {
  std::shared_ptr<ImportState> state;
  py::object own_find_spec;
};

py::object find_spec_early(const py::object& self, const py::object& name, const py::object& path,
                           const py::object&) {
  announce_import(name);
  const auto& entry = self.cast<const MetaPathEntry&>();
  return py::reinterpret_steal<py::object>(
      require(find_on_path(entry.state->system, self.ptr(), name.ptr(), path.ptr(),
                           {finder_type(), entry.own_find_spec.ptr(), find_spec_by}),
              Activity::kVerifying)
          .release());
}

}  // namespace

void enter_meta_path() {
  py::dict state = interpreter_state();
  if (!state.contains(kEntry)) {
    state[kEntry] = py::cast(MetaPathEntry{import_state(), own_find_spec()});
  }
  // Programs that rearrange sys.meta_path may drop what they do not know.
  py::list finders = py::module_::import("sys").attr("meta_path");
  const py::object entry = state[kEntry];
  for (const py::handle& finder : finders) {
    if (finder.is(entry)) return;
  }
  finders.insert(0, entry);
}

void register_meta_path(py::module_& module) {
  py::class_<MetaPathEntry>(
      module, "_MetaPathEntry",
      "Finds early what the path hook's finders would find, and sees modules of "
      "the standard\nlibrary come whose functions would go past them.")
      .def("find_spec", &find_spec_early, py::arg("fullname"), py::arg("path") = py::none(),
           py::arg("target") = py::none())
      .def("__repr__", [](const MetaPathEntry&) { return "<signedvfs in sys.meta_path>"; });
}

}  // namespace signedvfs
