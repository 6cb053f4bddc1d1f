#include "importer/finder.h"

#include <pybind11/pybind11.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "archive/container.h"
#include "bindings/errors.h"
#include "bindings/fast_method.h"
#include "bindings/importing.h"
#include "bindings/policy.h"
#include "bindings/registers.h"
#include "bindings/state.h"
#include "bindings/vfs.h"
#include "importer/deprecated_protocol.h"
#include "importer/module_query.h"
#include "importer/module_spec.h"
#include "importer/path_hook.h"
#include "importer/path_walk.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

constexpr const char* kState = "importer";
constexpr const char* kFinderName = "zipimporter";
constexpr const char* kOwnFindSpec = "find_spec of zipimporter";

py::object object(PyRef reference) {
  return py::reinterpret_steal<py::object>(std::move(reference).release());
}

Subject subject_of(const Finder& finder, const std::string& member = {}) {
  Subject subject;
  subject.archive = finder.location().archive;
  if (!member.empty()) subject.member = member;
  return subject;
}

// answer_of calls one function of a query about a module.
template <class Answer>
auto answer_of(const Finder& finder, Result<ModuleQuery> query, Answer&& answer,
               Activity activity = Activity::kVerifying) {
  if (!query.ok()) throw_status(query.status(), activity, subject_of(finder));
  auto result = answer(*query);
  if (!result.ok()) throw_status(result.status(), activity, subject_of(finder, query->member()));
  return std::move(result).value();
}

// ask does that for the module `name`, which has to be there.
template <class Answer>
auto ask(const Finder& finder, py::handle name, Answer&& answer,
         Activity activity = Activity::kVerifying) {
  return answer_of(finder, ModuleQuery::create(finder, name.ptr()), std::forward<Answer>(answer),
                   activity);
}

// keep_submodules gives the import system our finder for a package's directory: without the hook
// in sys.path_hooks, another one would be asked who loads its submodules.
void keep_submodules(const Finder& finder, Location location) {
  PyObject* const cache = PySys_GetObject("path_importer_cache");
  if (cache == nullptr || PyDict_Check(cache) == 0) return;
  const std::string inside = location.prefix.substr(0, location.prefix.size() - 1);
  const py::object path = object(require(finder.search_path_of(inside), Activity::kTool));
  PyObject* const kept = PyDict_GetItemWithError(cache, path.ptr());
  if (kept == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  if (kept != nullptr && PyObject_TypeCheck(kept, finder_type()) != 0) return;
  const py::object ours =
      py::cast(std::make_unique<Finder>(finder.shared_state(), std::move(location)));
  if (PyDict_SetItem(cache, path.ptr(), ours.ptr()) < 0) throw py::error_already_set();
}

py::object find_spec_of(const Finder& finder, PyObject* self, PyObject* name) {
  std::optional<Location> submodules;
  py::object spec =
      object(answer_of(finder, ModuleQuery::search(finder, name), [&](ModuleQuery& query) {
        Result<PyRef> found = query.spec(self);
        submodules = query.submodules();
        return found;
      }));
  if (submodules) keep_submodules(finder, *std::move(submodules));
  return spec;
}

py::object find_spec(const FastCall& call) {
  const auto [name, target] = read_arguments(call, "find_spec", {"fullname", "target"});
  return find_spec_of(value_of<Finder>(call.self, call.type), call.self, name);
}

// create_module has the module ready before importlib would set the same attributes one by one.
py::object create_module(const FastCall& call) {
  const auto [spec] = read_arguments(call, "create_module", {"spec"});
  const auto& finder = value_of<Finder>(call.self, call.type);
  return object(require(make_module(finder.state().system, spec), Activity::kTool));
}

py::object exec_module(const FastCall& call) {
  const auto [module] = read_arguments(call, "exec_module", {"module"});
  const auto& finder = value_of<Finder>(call.self, call.type);
  const py::object name = object(require(
      owned(PyObject_GetAttr(module, finder.state().system.dunder_name.get())), Activity::kTool));
  ask(finder, name, [&, module = module](ModuleQuery& query) -> Result<bool> {
    SIGNEDVFS_TRY(query.execute(module));
    return true;
  });
  return py::none();
}

py::object get_code(const Finder& self, const py::object& name) {
  return object(ask(self, name, [](ModuleQuery& query) { return query.code(); }));
}

// Whoever shows source (linecache, inspect) is prepared for an ImportError and nothing else.
py::object get_source(const Finder& self, const py::object& name) {
  return object(
      ask(self, name, [](ModuleQuery& query) { return query.source(); }, Activity::kShowing));
}

py::object get_filename(const Finder& self, const py::object& name) {
  return object(ask(self, name, [](ModuleQuery& query) { return query.filename(); }));
}

bool is_package(const Finder& self, const py::object& name) {
  return ask(self, name, [](ModuleQuery& query) { return query.is_package(); });
}

py::object get_data(const Finder& self, const py::object& path) {
  std::string member;
  Result<PyRef> data = self.get_data(path.ptr(), member);
  return object(require(std::move(data), Activity::kVerifying, subject_of(self, member)));
}

py::object get_resource_reader(const py::object& self, const py::object& name) {
  return own_function("signedvfs.resources", "reader_of")(self, name);
}

py::object iter_modules(const Finder& self, const py::object& prefix) {
  const py::object all =
      object(require(self.list_modules(prefix.ptr()), Activity::kVerifying, subject_of(self)));
  return py::iter(all);
}

py::object vfs_in_use(const Finder& self) {
  OpenedArchive opened = require(self.open(), Activity::kVerifying, subject_of(self));
  if (opened.vfs == nullptr) return py::none();
  return vfs_object(std::move(opened.vfs));
}

py::object path_argument(const py::object& path) {
  if (PyUnicode_Check(path.ptr()) != 0) return path;
#if PY_VERSION_HEX < 0x030b0000
  // Like os.fsdecode, which knows nothing of other buffers than bytes.
  PyObject* const plain = PyOS_FSPath(path.ptr());
  if (plain == nullptr) throw py::error_already_set();
  const py::object owner = py::reinterpret_steal<py::object>(plain);
  PyObject* text = nullptr;
  if (PyUnicode_FSDecoder(plain, &text) == 0) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(text);
#else
  throw py::type_error(std::string("expected str, not ") + Py_TYPE(path.ptr())->tp_name);
#endif
}

// is_no_archive tells whether a refusal of what is not protected says that nothing is there which
// anybody would take for an archive; zipimport has errors of its own for that.
bool is_no_archive(const Finder& finder, const Status& refusal) {
  if (refusal.code() == Errc::kIo || refusal.code() == Errc::kNotFound) return true;
  const std::string& absolute = finder.location().absolute;
  if (refusal.code() == Errc::kNoManifest) return !finder.state().registry.knows_file(absolute);
  if (refusal.code() != Errc::kNotAnArchive) return false;
  const Result<bool> resembles = resembles_archive(absolute);
  return resembles.ok() && !*resembles;
}

bool is_protected(const Finder& finder) {
  const std::string& absolute = finder.location().absolute;
  return !absolute.empty() && finder.state().registry.root_over(walk_path(absolute)).has_value();
}

// make_finder opens at once, as zipimport's constructor does; the hook's finders open when used.
std::unique_ptr<Finder> make_finder(const py::object& given) {
  const py::object path = path_argument(given);
  close_side_doors();
  std::optional<Finder> claimed = claim_for(path);
  if (!claimed) throw_import_error(path, "no signed archive or directory");
  auto finder = std::make_unique<Finder>(*std::move(claimed));
  const bool was_protected = is_protected(*finder);
  const Result<OpenedArchive> opened = finder->open();
  if (!opened.ok() && !was_protected && is_no_archive(*finder, opened.status())) {
    throw_import_error(path, opened.status().what());
  }
  if (!opened.ok()) throw_status(opened.status(), Activity::kVerifying, subject_of(*finder));
  if (opened.value().vfs == nullptr) throw_import_error(path, "no archive");
  return finder;
}

py::object path_of_finder(const Finder& self) {
  std::string_view prefix = self.location().prefix;
  if (prefix.empty()) {
    return object(require(text_of_path(self.location().archive), Activity::kTool));
  }
  prefix.remove_suffix(1);
  return object(require(self.path_of(prefix), Activity::kTool));
}

// reduce makes the type and the path, and what else Python has set on the object, stand for it. A
// finder below given roots is made by the hook for those roots, or not at all.
py::tuple reduce(const py::object& self) {
  const auto& finder = self.cast<const Finder&>();
  py::object maker = py::type::of(self);
  py::tuple arguments = py::make_tuple(path_of_finder(finder));
  if (finder.state().is_scoped()) {
    maker = py::module_::import("signedvfs._core").attr("_finder_below");
    arguments = py::make_tuple(roots_of(finder.state()), arguments[0]);
  }
  const py::dict attributes = self.attr("__dict__");
  if (attributes.empty()) return py::make_tuple(maker, arguments);
  return py::make_tuple(maker, arguments, attributes);
}

// A finder of the very class is copied without opening anything: the copy is worth as much as the
// original, also where the archive is gone or refused. Subclasses have constructors of their own.
py::object copy(const py::object& self) {
  py::object made;
  if (Py_TYPE(self.ptr()) == finder_type()) {
    made = py::cast(std::make_unique<Finder>(self.cast<const Finder&>()));
  } else {
    made = py::type::of(self)(path_of_finder(self.cast<const Finder&>()));
  }
  made.attr("__dict__").attr("update")(self.attr("__dict__"));
  return made;
}

py::str finder_repr(const Finder& self) {
  return py::str("<signedvfs.zipimporter object \"{}\">")
      .format(object(require(self.path_of(self.location().prefix), Activity::kTool)));
}

#if PY_VERSION_HEX >= 0x030a0000
void warn_deprecated(const char* instead) {
  if (PyErr_WarnEx(PyExc_DeprecationWarning, instead, 1) < 0) throw py::error_already_set();
}
#else
void warn_deprecated(const char*) {}
#endif

using DeprecatedMethod = Result<PyRef> (*)(const Finder&, PyObject*, PyObject*);

py::object call_deprecated(DeprecatedMethod method, const py::object& self,
                           const py::object& name) {
  const auto& finder = self.cast<const Finder&>();
  return object(
      require(method(finder, self.ptr(), name.ptr()), Activity::kVerifying, subject_of(finder)));
}

// register_deprecated gives the class what zipimport's has in this version of Python.
void register_deprecated(py::class_<Finder>& finder) {
#if PY_VERSION_HEX < 0x030c0000
  finder
      .def(
          "find_module",
          [](const py::object& self, const py::object& name, const py::object&) {
            warn_deprecated("zipimporter.find_module() is deprecated; use find_spec() instead");
            return call_deprecated(find_module_loader, self, name);
          },
          py::arg("fullname"), py::arg("path") = py::none(),
          "find_module(self, fullname, path=None)\n--\n\n"
          "Return this object where it can load the module, or None. Use find_spec.")
      .def(
          "find_loader",
          [](const py::object& self, const py::object& name, const py::object&) {
            warn_deprecated("zipimporter.find_loader() is deprecated; use find_spec() instead");
            return call_deprecated(find_loader, self, name);
          },
          py::arg("fullname"), py::arg("path") = py::none(),
          "find_loader(self, fullname, path=None)\n--\n\n"
          "Return (loader or None, namespace portions). Use find_spec.");
#endif
#if PY_VERSION_HEX < 0x030f0000
  finder.def(
      "load_module",
      [](const py::object& self, const py::object& name) {
        warn_deprecated("zipimporter.load_module() is deprecated; use exec_module() instead");
        return call_deprecated(load_module, self, name);
      },
      py::arg("fullname"),
      "load_module(self, fullname)\n--\n\n"
      "Import the module into sys.modules and return it. Use importlib.import_module.");
#endif
}

}  // namespace

std::shared_ptr<ImportState> import_state() {
  py::dict state = interpreter_state();
  if (!state.contains(kState)) {
    auto made =
        require(ImportState::create(finder_type(), fetching(default_trust)), Activity::kTool);
    state[kState] = py::capsule(new std::shared_ptr<ImportState>(std::move(made)), [](void* kept) {
      delete static_cast<std::shared_ptr<ImportState>*>(kept);
    });
  }
  return *state[kState].cast<py::capsule>().get_pointer<std::shared_ptr<ImportState>>();
}

ImportState::FetchTrust fetching(std::function<Trust()> trust) {
  return [trust = std::move(trust)]() -> Result<Trust> {
    try {
      return trust();
    } catch (py::error_already_set& error) {
      error.restore();
      return python_error();
    }
  };
}

Result<PyRef> find_spec_by(PyTypeObject* type, PyObject* finder, PyObject* name) {
  try {
    return PyRef::steal(find_spec_of(value_of<Finder>(finder, type), finder, name).release().ptr());
  } catch (py::error_already_set& error) {
    error.restore();
    return python_error();
  }
}

py::object own_find_spec() { return interpreter_state()[kOwnFindSpec]; }

PyTypeObject* finder_type() {
  return reinterpret_cast<PyTypeObject*>(py::type::of<Finder>().ptr());
}

void throw_import_error(const py::object& path, const std::string& why) {
  const std::string message = py::repr(path).cast<std::string>() + ": " + why;
  static_cast<void>(set_import_error(message, Py_None, path.ptr()));
  throw py::error_already_set();
}

void register_finder(py::module_& module) {
  py::class_<Finder> finder(
      module, kFinderName, py::dynamic_attr(),
      "Finds and loads modules of the signed archive or directory at `path`, or of\n"
      "a directory inside it, with the interface of zipimport.zipimporter.");
  finder.def(py::init(&make_finder), py::arg("path"), "__init__(self, path)\n--\n\n")
      .def("get_code", &get_code, py::arg("fullname"),
           "get_code(self, fullname)\n--\n\nReturn the code object.")
      .def("get_source", &get_source, py::arg("fullname"),
           "get_source(self, fullname)\n--\n\n"
           "Return the source, or None if there is none.\n\n"
           "An IntegrityCheckError of this method is an ImportError as well, so that whoever\n"
           "formats a traceback can go on without the source.")
      .def("get_filename", &get_filename, py::arg("fullname"),
           "get_filename(self, fullname)\n--\n\n"
           "Return the path of the file that holds the code.")
      .def("is_package", &is_package, py::arg("fullname"),
           "is_package(self, fullname)\n--\n\nTell whether it is a package.")
      .def("get_data", &get_data, py::arg("pathname"),
           "get_data(self, pathname)\n--\n\n"
           "Return the verified content of '<archive>/<member>' or '<member>' as bytes.")
      .def("get_resource_reader", &get_resource_reader, py::arg("fullname"),
           "get_resource_reader(self, fullname)\n--\n\n"
           "Return what importlib.resources reads a package's files with, or None.")
      .def("iter_modules", &iter_modules, py::arg("prefix") = "",
           "iter_modules(self, prefix='')\n--\n\n"
           "Iterate over (prefix + name, is it a package), for pkgutil.")
      .def(
          "invalidate_caches",
          [](const Finder& self) { require(self.invalidate_caches(), Activity::kTool); },
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
      .def_property_readonly("vfs", &vfs_in_use,
                             "The archive in use as a SignedVfs, or None where there is none.")
      .def_property_readonly(
          "_below_roots", [](const Finder& self) { return self.state().is_scoped(); },
          "Whether it belongs to a hook for given roots.")
      .def("__reduce__", &reduce)
      .def("__copy__", &copy)
      .def("__deepcopy__", [](const py::object& self, const py::object&) { return copy(self); })
      .def("__repr__", &finder_repr);
  add_method<&find_spec>(finder, "find_spec",
                         "find_spec($self, fullname, target=None)\n--\n\n"
                         "Return the spec of a module, or None where the manifest has none of that "
                         "name.");
  add_method<&create_module>(finder, "create_module",
                             "create_module($self, spec)\n--\n\n"
                             "Return an empty module with the attributes that `spec` gives it, or "
                             "None.");
  add_method<&exec_module>(finder, "exec_module",
                           "exec_module($self, module)\n--\n\nRun the module's verified code.");
  register_deprecated(finder);
  module.attr(kFinderName).attr("__module__") = "signedvfs";
  interpreter_state()[kOwnFindSpec] = finder.attr("__dict__")["find_spec"];
}

}  // namespace signedvfs
