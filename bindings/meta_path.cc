// Our entry of sys.meta_path, in front of all others.
#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <utility>

#include "bindings/errors.h"
#include "bindings/fast_method.h"
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
  py::object finder_type;
  py::object own_find_spec;
  py::object side_doors;
};

py::object find_spec_early(const FastCall& call) {
  const auto [name, path, target] =
      read_arguments(call, "find_spec", {"fullname", "path", "target"});
  const auto& entry = value_of<MetaPathEntry>(call.self, call.type);
  auto* const type = reinterpret_cast<PyTypeObject*>(entry.finder_type.ptr());
  close_new_side_doors(entry.side_doors);
  PyObject* const where = path == nullptr ? Py_None : path;
  auto spec = py::reinterpret_steal<py::object>(
      require(find_on_path(entry.state->system, call.self, name, where,
                           {type, entry.own_find_spec.ptr(), find_spec_by}),
              Activity::kVerifying)
          .release());
  return watch_import(call.self, name, where, target == nullptr ? Py_None : target,
                      std::move(spec));
}

}  // namespace

void enter_meta_path() {
  py::dict state = interpreter_state();
  if (!state.contains(kEntry)) {
    state[kEntry] = py::cast(MetaPathEntry{
        import_state(),
        py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(finder_type())),
        own_find_spec(), known_side_doors()});
  }
  // Programs that rearrange sys.meta_path may drop what they do not know. Where others stand in
  // front of ours it stays behind them: they may be taken out by their position, and nothing that
  // has to be verified, or watched, depends on it.
  py::list finders = py::module_::import("sys").attr("meta_path");
  const py::object entry = state[kEntry];
  for (const py::handle& finder : finders) {
    if (finder.is(entry)) return;
  }
  finders.insert(0, entry);
}

void register_meta_path(py::module_& module) {
  py::class_<MetaPathEntry> entry(
      module, "_MetaPathEntry",
      "Finds early what the path hook's finders would find, and sees modules of "
      "the standard\nlibrary come whose functions would go past them.");
  entry.def("__repr__", [](const MetaPathEntry&) { return "<signedvfs in sys.meta_path>"; });
  add_method<&find_spec_early>(
      entry, "find_spec",
      "find_spec($self, fullname, path=None, target=None)\n--\n\n"
      "Return the spec of a module of ours, or None where others have to be asked.");
}

}  // namespace signedvfs
