#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <utility>

#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/importing.h"
#include "bindings/limits.h"
#include "bindings/policy.h"
#include "bindings/registers.h"
#include "bindings/vfs.h"
#include "importer/finder.h"
#include "importer/path_hook.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

// PathHook is what stands in sys.path_hooks.
struct PathHook {
  std::shared_ptr<ImportState> state;
};

std::unique_ptr<Finder> call_hook(const PathHook& hook, const py::object& path) {
  if (!hook.state->hook_used.exchange(true)) {
    require(purge_importer_cache(*hook.state, finder_type()), Activity::kTool);
  }
  close_side_doors();
  Result<Location> location = claim(*hook.state, path.ptr());
  if (!location.ok() && location.code() == Errc::kNotFound) {
    throw_import_error(path, location.status().what());
  }
  return std::make_unique<Finder>(hook.state, require(std::move(location), Activity::kTool));
}

// finder_of returns the finder of ours that imports from `path` go to, or None. Like
// pkgutil.get_importer it keeps a new one where importlib.invalidate_caches() finds it.
py::object finder_of(const py::object& path) {
  const py::module_ sys = py::module_::import("sys");
  const py::dict cache = sys.attr("path_importer_cache");
  if (PyUnicode_Check(path.ptr()) == 0) return py::none();
  py::object finder = cache.attr("get")(path);
  const py::object hook = py::module_::import("signedvfs._core").attr("hook");
  if (finder.is_none() && sys.attr("path_hooks").contains(hook)) {
    try {
      finder = hook(path);
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_ImportError)) throw;
      return py::none();
    }
    cache[path] = finder;
  }
  return py::isinstance<Finder>(finder) ? finder : py::none();
}

void protect_path(const PathHook& hook, const py::object& path) {
  require(protect(*hook.state, path.ptr()), Activity::kTool);
  require(purge_importer_cache(*hook.state, finder_type()), Activity::kTool);
}

py::list protected_paths(const PathHook& hook) {
  py::list out;
  for (const std::string& root : hook.state->registry.roots()) out.append(path_object(root));
  return out;
}

py::list archives_in_use(const PathHook& hook) {
  py::list out;
  for (OpenedArchive& opened : hook.state->registry.in_use()) {
    out.append(vfs_object(std::move(opened.vfs)));
  }
  return out;
}

void policy_changed(bool replaced) {
  const std::shared_ptr<ImportState> state = import_state();
  state->registry.policy_changed(replaced);
  require(purge_importer_cache(*state, finder_type()), Activity::kTool);
}

void trust(const py::args& keys) {
  for (const py::handle key : keys) {
    if (!py::isinstance<PublicKey>(key)) {
      throw py::type_error(std::string("expected signedvfs.PublicKey, not ") +
                           Py_TYPE(key.ptr())->tp_name);
    }
  }
  for (const py::handle key : keys) add_trusted_key(key.cast<const PublicKey&>());
  policy_changed(false);
}

void set_policy(const py::object& policy, const py::object& limits) {
  static_cast<void>(limits_of(limits));  // raises before anything has changed
  set_default_policy(policy);
  set_default_limits(limits);
  policy_changed(true);
}

void defer_collection(bool defer) {
  require(import_state()->collector.defer(defer), Activity::kTool);
}

}  // namespace

void register_hook(py::module_& module) {
  py::class_<PathHook>(module, "PathHook",
                       "The type of `signedvfs.hook`, an object for sys.path_hooks.")
      .def("__call__", &call_hook, py::arg("path"))
      .def("protect", &protect_path, py::arg("path"),
           "protect(self, path)\n--\n\n"
           "Never leave `path`, or what lies below it, to another importer: also where it is a\n"
           "directory whose manifest has been taken away.")
      .def_property_readonly("protected", &protected_paths,
                             "The absolute paths that are ours for good: those given to `protect`, "
                             "and the\nsigned directories in use.")
      .def_property_readonly("in_use", &archives_in_use,
                             "The signed archives and directories that have been opened, in no "
                             "order.")
      .def("__repr__", [](const PathHook&) { return "<signedvfs.hook>"; });
  module.attr("hook") = py::cast(PathHook{import_state()});
  module.def("_finder_of", &finder_of, py::arg("path"),
             "_finder_of(path)\n--\n\n"
             "Return the verifying finder that imports from `path` go to, or None where they do "
             "not.\n\nOpens no archive: the finder does, when it is asked.");
  module.def("trust", &trust,
             "trust(*keys)\n--\n\n"
             "Trust these public keys, in addition to those of the policy in force.");
  module.def("set_policy", &set_policy, py::arg("policy"), py::arg("limits") = py::none(),
             "set_policy(policy, limits=None)\n--\n\n"
             "Replace the policy, and the limits that archives must keep (None: the defaults);\n"
             "archives in use are asked about again.");
  module.def(
      "defer_collection", &defer_collection, py::arg("defer") = true,
      "defer_collection(defer=True)\n--\n\n"
      "Keep the cyclic garbage collector out of bursts of imports from signed archives.\n\n"
      "From a module's execution to its end, imports inside it included, the youngest\n"
      "generation is collected every 200,000 objects only; then gc's thresholds are what\n"
      "they were. What was made meanwhile is old from then on. Modules of less than 4 KiB that\n"
      "import nothing change nothing. False: as usual.");
  module.def("get_policy", &default_policy, "get_policy()\n--\n\nReturn the policy in force.");
}

}  // namespace signedvfs
