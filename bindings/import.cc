#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <utility>

#include "bindings/errors.h"
#include "bindings/policy.h"
#include "bindings/registers.h"
#include "bindings/state.h"
#include "importer/finder.h"
#include "importer/module_query.h"
#include "importer/path_hook.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

constexpr const char* kState = "importer";
constexpr const char* kFinderName = "zipimporter";

// PathHook is what stands in sys.path_hooks.
struct PathHook {
  std::shared_ptr<ImportState> state;
};

Result<TrustPolicy> policy_in_force() {
  try {
    return policy_for_opening(py::none());
  } catch (py::error_already_set& error) {
    error.restore();
    return python_error();
  }
}

std::shared_ptr<ImportState> import_state() {
  py::dict state = interpreter_state();
  if (!state.contains(kState)) {
    auto made = require(ImportState::create(policy_in_force), Activity::kTool);
    state[kState] = py::capsule(new std::shared_ptr<ImportState>(std::move(made)), [](void* kept) {
      delete static_cast<std::shared_ptr<ImportState>*>(kept);
    });
  }
  return *state[kState].cast<py::capsule>().get_pointer<std::shared_ptr<ImportState>>();
}

py::object object(PyRef reference) {
  return py::reinterpret_steal<py::object>(std::move(reference).release());
}

Subject subject_of(const Finder& finder, const std::string& member = {}) {
  Subject subject;
  subject.archive = finder.location().archive;
  if (!member.empty()) subject.member = member;
  return subject;
}

// ask calls one function of a query about the module `name`.
template <class Answer>
auto ask(const Finder& finder, const py::handle& name, Answer&& answer) {
  ModuleQuery query =
      require(ModuleQuery::create(finder, name.ptr()), Activity::kVerifying, subject_of(finder));
  auto result = answer(query);
  const Subject subject = subject_of(finder, query.member());
  return require(std::move(result), Activity::kVerifying, subject);
}

py::object find_spec(const py::object& self, const py::object& name, const py::object&) {
  return object(ask(self.cast<const Finder&>(), name,
                    [&](ModuleQuery& query) { return query.spec(self.ptr()); }));
}

void exec_module(const Finder& self, const py::object& module) {
  const py::object name = module.attr("__name__");
  ask(self, name, [&](ModuleQuery& query) -> Result<bool> {
    SIGNEDVFS_TRY(query.execute(module.ptr()));
    return true;
  });
}

py::object get_data(const Finder& self, const py::object& path) {
  std::string member;
  Result<PyRef> data = self.get_data(path.ptr(), member);
  return object(require(std::move(data), Activity::kVerifying, subject_of(self, member)));
}

[[noreturn]] void throw_import_error(const py::object& path, const std::string& why) {
  const std::string message = py::repr(path).cast<std::string>() + ": " + why;
  static_cast<void>(set_import_error(message, Py_None, path.ptr()));
  throw py::error_already_set();
}

py::object path_argument(const py::object& path) {
  if (PyUnicode_Check(path.ptr()) != 0) return path;
#if PY_VERSION_HEX < 0x030b0000
  PyObject* text = nullptr;
  if (PyUnicode_FSDecoder(path.ptr(), &text) == 0) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(text);
#else
  throw py::type_error(std::string("expected str, not ") + Py_TYPE(path.ptr())->tp_name);
#endif
}

// make_finder opens at once, as zipimport's constructor does; the hook's finders open when used.
std::unique_ptr<Finder> make_finder(const py::object& given) {
  const py::object path = path_argument(given);
  auto state = import_state();
  Result<Location> location = claim(*state, path.ptr());
  if (!location.ok() && location.code() == Errc::kNotFound) {
    throw_import_error(path, "no signed archive or directory (" + location.status().what() + ")");
  }
  auto finder =
      std::make_unique<Finder>(std::move(state), require(std::move(location), Activity::kTool));
  const Result<OpenedArchive> opened = finder->open();
  if (!opened.ok() && opened.code() == Errc::kIo) throw_import_error(path, opened.status().what());
  if (!opened.ok()) throw_status(opened.status(), Activity::kVerifying, subject_of(*finder));
  if (opened.ok() && opened.value().vfs == nullptr) throw_import_error(path, "no archive");
  return finder;
}

PyTypeObject* finder_type() {
  return reinterpret_cast<PyTypeObject*>(py::type::of<Finder>().ptr());
}

std::unique_ptr<Finder> call_hook(const PathHook& hook, const py::object& path) {
  if (!hook.state->hook_used.exchange(true)) {
    require(purge_importer_cache(*hook.state, finder_type()), Activity::kTool);
  }
  Result<Location> location = claim(*hook.state, path.ptr());
  if (!location.ok() && location.code() == Errc::kNotFound) {
    throw_import_error(path, location.status().what());
  }
  return std::make_unique<Finder>(hook.state, require(std::move(location), Activity::kTool));
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

void set_policy(const py::object& policy) {
  set_default_policy(policy);
  policy_changed(true);
}

py::str finder_repr(const Finder& self) {
  return py::str("<signedvfs.zipimporter object \"{}\">")
      .format(object(require(self.path_of(self.location().prefix), Activity::kTool)));
}

void register_finder(py::module_& module) {
  py::class_<Finder>(module, kFinderName, py::dynamic_attr(),

                     "Finds and loads modules of the signed archive or directory at `path`, or of\n"
                     "a directory inside it, with the interface of zipimport.zipimporter.")
      .def(py::init(&make_finder), py::arg("path"), "__init__(self, path)\n--\n\n")
      .def("find_spec", &find_spec, py::arg("fullname"), py::arg("target") = py::none(),
           "find_spec(self, fullname, target=None)\n--\n\n"
           "Return the spec of a module, or None where the manifest has none of that name.")
      .def(
          "create_module", [](const Finder&, const py::object&) { return py::none(); },
          py::arg("spec"), "create_module(self, spec)\n--\n\nReturn None: Python's default.")
      .def("exec_module", &exec_module, py::arg("module"),
           "exec_module(self, module)\n--\n\nRun the module's verified code.")
      .def(
          "get_code",
          [](const Finder& self, const py::object& name) {
            return object(ask(self, name, [](ModuleQuery& query) { return query.code(); }));
          },
          py::arg("fullname"), "get_code(self, fullname)\n--\n\nReturn the code object.")
      .def(
          "get_source",
          [](const Finder& self, const py::object& name) {
            return object(ask(self, name, [](ModuleQuery& query) { return query.source(); }));
          },
          py::arg("fullname"),
          "get_source(self, fullname)\n--\n\nReturn the source, or None if there is none.")
      .def(
          "get_filename",
          [](const Finder& self, const py::object& name) {
            return object(ask(self, name, [](ModuleQuery& query) { return query.filename(); }));
          },
          py::arg("fullname"),
          "get_filename(self, fullname)\n--\n\nReturn the path of the file that holds the code.")
      .def(
          "is_package",
          [](const Finder& self, const py::object& name) {
            return ask(self, name, [](ModuleQuery& query) { return query.is_package(); });
          },
          py::arg("fullname"), "is_package(self, fullname)\n--\n\nTell whether it is a package.")
      .def("get_data", &get_data, py::arg("pathname"),
           "get_data(self, pathname)\n--\n\n"
           "Return the verified content of '<archive>/<member>' or '<member>' as bytes.")
      .def("invalidate_caches", &Finder::invalidate_caches,
           "invalidate_caches(self)\n--\n\n"
           "Look at the next use whether another archive stands at the path now.")
      .def_property_readonly(
          "archive",
          [](const Finder& self) {
            return object(require(text_of_path(self.location().archive), Activity::kTool));
          },
          "The archive's path as it was given.")
      .def_property_readonly(
          "prefix",
          [](const Finder& self) {
            return object(require(text_of_utf8(self.location().prefix), Activity::kTool));
          },
          "The path inside the archive, empty or ending in a slash.")
      .def("__repr__", &finder_repr);
  module.attr(kFinderName).attr("__module__") = "signedvfs";
}

void register_hook(py::module_& module) {
  py::class_<PathHook>(module, "PathHook",
                       "The type of `signedvfs.hook`, an object for sys.path_hooks.")
      .def("__call__", &call_hook, py::arg("path"))
      .def(
          "protect",
          [](const PathHook& hook, const py::object& path) {
            require(protect(*hook.state, path.ptr()), Activity::kTool);
            require(purge_importer_cache(*hook.state, finder_type()), Activity::kTool);
          },
          py::arg("path"),
          "protect(self, path)\n--\n\n"
          "Never leave `path`, or what lies below it, to another importer: also where it is a\n"
          "directory whose manifest has been taken away.")
      .def("__repr__", [](const PathHook&) { return "<signedvfs.hook>"; });
  module.attr("PathHook").attr("__module__") = "signedvfs";
  module.attr("hook") = py::cast(PathHook{import_state()});
}

}  // namespace

void register_import(py::module_& module) {
  register_finder(module);
  register_hook(module);
  module.def("trust", &trust,
             "trust(*keys)\n--\n\n"
             "Trust these public keys, in addition to those of the policy in force.");
  module.def("set_policy", &set_policy, py::arg("policy"),
             "set_policy(policy)\n--\n\n"
             "Replace the policy; archives in use are asked about again.");
  module.def("get_policy", &default_policy, "get_policy()\n--\n\nReturn the policy in force.");
}

}  // namespace signedvfs
