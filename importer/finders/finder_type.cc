#include "importer/finders/finder_type.h"

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "archive/opening.h"
#include "importer/doors/side_doors.h"
#include "importer/finders/deprecated_methods.h"
#include "importer/finders/finder_copies.h"
#include "importer/finders/finder_face.h"
#include "importer/finders/importers.h"
#include "importer/finders/query.h"
#include "importer/modules/spec.h"
#include "importer/paths/walk.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

Interpreter& home_of_object(PyObject* self) noexcept { return *holder_of<Finder>(self)->home; }

Subject subject_of(const Finder& finder, const std::string& member = {}) {
  Subject subject;
  subject.path = finder.location().archive;
  if (!member.empty()) subject.member = member;
  return subject;
}

// Ask is a function of a query about one module.
template <class Ask>
PyObject* answer_of(PyObject* self, Result<ModuleQuery> query, Activity activity, Ask&& ask) {
  const Finder* const held = value_in<Finder>(self);
  if (held == nullptr) return nullptr;
  const Finder& finder = *held;
  Interpreter& home = home_of_object(self);
  if (!query.ok()) return raised(home, query.status(), activity, subject_of(finder));
  Result<PyRef> result = ask(*query);
  if (result.ok()) return std::move(result).value().release();
  return raised(home, result.status(), activity, subject_of(finder, query->member()));
}

// about asks it about the module that a method was given the name of, which has to be there.
template <class Ask>
PyObject* about(PyObject* self, const Arguments& given, const Parameters<1>& parameters,
                Activity activity, Ask&& ask) {
  std::array<PyObject*, 1> arguments;
  if (!parameters.read(given, arguments)) return nullptr;
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  return answer_of(self, ModuleQuery::create(*finder, arguments[0]), activity,
                   std::forward<Ask>(ask));
}

// keep_submodules gives the import system our finder for a package's directory: without the hook
// in sys.path_hooks, another one would be asked who loads its submodules.
Status keep_submodules(Interpreter& home, const Finder& finder, Location location) {
  const PyRef cache = sys_object("path_importer_cache");
  if (!cache || PyDict_Check(cache.get()) == 0) return {};
  const std::string inside = location.prefix.substr(0, location.prefix.size() - 1);
  SIGNEDVFS_ASSIGN(const PyRef path, finder.search_path_of(inside));
  SIGNEDVFS_ASSIGN(const PyRef kept, item_of(cache.get(), path.get()));
  if (kept && PyObject_TypeCheck(kept.get(), Interpreter::type(home.types.finder)) != 0) return {};
  SIGNEDVFS_ASSIGN(const PyRef ours,
                   finder_object(home, Finder(finder.shared_state(), std::move(location))));
  if (PyDict_SetItem(cache.get(), path.get(), ours.get()) < 0) return python_error();
  return {};
}

PyObject* find_spec(PyObject* self, const Arguments& given) {
  static constexpr Parameters<2> kParameters{"find_spec", 1, {"fullname", "target"}};
  std::array<PyObject*, 2> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  Interpreter& home = home_of_object(self);
  return answer(home, find_spec_of(home, *finder, self, arguments[0]), Activity::kVerifying);
}

// may_be_extension tells whether a spec is of anything but Python code, by the end of its origin:
// of that there is much more.
bool may_be_extension(const ImportSystem& system, PyObject* spec) {
  const PyRef origin = PyRef::steal(PyObject_GetAttr(spec, system.origin.get()));
  if (!origin) PyErr_Clear();
  if (!origin || PyUnicode_Check(origin.get()) == 0) return false;
  const Py_ssize_t size = PyUnicode_GetLength(origin.get());
  if (size <= 0) return false;
  const Py_UCS4 last = PyUnicode_ReadChar(origin.get(), size - 1);
  return last != 'y' && last != 'c';
}

// create_module has the module ready before importlib would set the same attributes one by one.
PyObject* create_module(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"create_module", 1, {"spec"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  const ImportSystem& system = finder->state().system;
  PyObject* const spec = arguments[0];
  if (!may_be_extension(system, spec)) {
    return answer(home_of_object(self), make_module(system, spec), Activity::kTool);
  }
  const PyRef name = PyRef::steal(PyObject_GetAttr(spec, system.name.get()));
  if (!name) return nullptr;
  return answer_of(self, ModuleQuery::create(*finder, name.get()), Activity::kVerifying,
                   [&](ModuleQuery& query) -> Result<PyRef> {
                     SIGNEDVFS_ASSIGN(PyRef module, query.create(spec));
                     return module ? Result<PyRef>(std::move(module)) : make_module(system, spec);
                   });
}

// name_of returns the name that a module was found by. What C code has made in one phase calls
// itself as it likes: the library's `_decimal` is "decimal".
PyRef name_of(const ImportSystem& system, PyObject* module) {
  if (PyModule_Check(module) != 0 && PyModule_GetDef(module) != nullptr) {
    const PyRef spec = PyRef::steal(PyObject_GetAttr(module, system.dunder_spec.get()));
    if (!spec) PyErr_Clear();
    if (spec && spec.get() != Py_None) {
      return PyRef::steal(PyObject_GetAttr(spec.get(), system.name.get()));
    }
  }
  return PyRef::steal(PyObject_GetAttr(module, system.dunder_name.get()));
}

PyObject* exec_module(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"exec_module", 1, {"module"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  PyObject* const module = arguments[0];
  const PyRef name = name_of(finder->state().system, module);
  if (!name) return nullptr;
  return answer_of(self, ModuleQuery::create(*finder, name.get()), Activity::kVerifying,
                   [&](ModuleQuery& query) -> Result<PyRef> {
                     SIGNEDVFS_TRY(query.execute(module));
                     return PyRef::borrow(Py_None);
                   });
}

PyObject* get_code(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"get_code", 1, {"fullname"}};
  return about(self, given, kParameters, Activity::kVerifying,
               [](ModuleQuery& query) { return query.code(); });
}

// Whoever shows source (linecache, inspect) is prepared for an ImportError and nothing else.
PyObject* get_source(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"get_source", 1, {"fullname"}};
  return about(self, given, kParameters, Activity::kShowing,
               [](ModuleQuery& query) { return query.source(); });
}

PyObject* get_filename(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"get_filename", 1, {"fullname"}};
  return about(self, given, kParameters, Activity::kVerifying,
               [](ModuleQuery& query) { return query.filename(); });
}

PyObject* is_package(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"is_package", 1, {"fullname"}};
  return about(self, given, kParameters, Activity::kVerifying,
               [](ModuleQuery& query) -> Result<PyRef> {
                 SIGNEDVFS_ASSIGN(const bool is, query.is_package());
                 return PyRef::steal(PyBool_FromLong(is ? 1 : 0));
               });
}

PyObject* get_data(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"get_data", 1, {"pathname"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  std::string member;
  Result<PyRef> data = finder->get_data(arguments[0], member);
  return answer(home_of_object(self), std::move(data), Activity::kVerifying,
                subject_of(*finder, member));
}

PyObject* get_resource_reader(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"get_resource_reader", 1, {"fullname"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments) || value_in<Finder>(self) == nullptr) return nullptr;
  const Result<PyRef> reader = own_function("signedvfs.resources", "reader_of");
  if (!reader.ok()) return raised(home_of_object(self), reader.status(), Activity::kTool);
  return PyObject_CallFunctionObjArgs(reader->get(), self, arguments[0], nullptr);
}

PyObject* iter_modules(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"iter_modules", 0, {"prefix"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  const PyRef prefix = arguments[0] == nullptr ? PyRef::steal(PyUnicode_FromString(""))
                                               : PyRef::borrow(arguments[0]);
  if (!prefix) return nullptr;
  const Result<PyRef> all = finder->list_modules(prefix.get());
  if (!all.ok()) {
    return raised(home_of_object(self), all.status(), Activity::kVerifying, subject_of(*finder));
  }
  return PyObject_GetIter(all->get());
}

PyObject* preload(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"_preload", 1, {"fullname"}};
  return about(self, given, kParameters, Activity::kVerifying,
               [](ModuleQuery& query) { return query.preload(); });
}

PyObject* invalidate_caches(PyObject* self) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  const Status done = finder->invalidate_caches();
  if (!done.ok()) return raised(home_of_object(self), done, Activity::kTool);
  Py_RETURN_NONE;
}

PyObject* archive(PyObject* self) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  return answer(home_of_object(self), text_of_path(finder->location().archive), Activity::kTool);
}

PyObject* prefix(PyObject* self) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  return answer(home_of_object(self), text_of_utf8(finder->location().prefix), Activity::kTool);
}

PyObject* vfs_in_use(PyObject* self) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  Interpreter& home = home_of_object(self);
  Result<OpenedArchive> opened = finder->open();
  if (!opened.ok()) {
    return raised(home, opened.status(), Activity::kVerifying, subject_of(*finder));
  }
  if (opened->vfs == nullptr) Py_RETURN_NONE;
  return answer(home, vfs_object(home, std::move(opened->vfs)), Activity::kTool);
}

PyObject* is_below_roots(PyObject* self) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  return PyBool_FromLong(finder->state().is_scoped() ? 1 : 0);
}

PyObject* show(PyObject* self) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  const Result<PyRef> path = finder->path_of(finder->location().prefix);
  if (!path.ok()) return raised(home_of_object(self), path.status(), Activity::kTool);
  return PyUnicode_FromFormat("<signedvfs.zipimporter object \"%U\">", path->get());
}

Result<PyRef> path_argument(PyObject* path) {
  if (PyUnicode_Check(path) != 0) return PyRef::borrow(path);
#if PY_VERSION_HEX < 0x030b0000
  // Like os.fsdecode, which knows nothing of other buffers than bytes.
  SIGNEDVFS_ASSIGN(const PyRef plain, owned(PyOS_FSPath(path)));
  PyObject* text = nullptr;
  if (PyUnicode_FSDecoder(plain.get(), &text) == 0) return python_error();
  return PyRef::steal(text);
#else
  PyErr_Format(PyExc_TypeError, "expected str, not %.200s", Py_TYPE(path)->tp_name);
  return python_error();
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

// make opens at once, as zipimport's constructor does; the hook's finders open when used. What is
// refused has been raised already.
Result<Finder> make(Interpreter& home, PyObject* given) {
  SIGNEDVFS_ASSIGN(const PyRef path, path_argument(given));
  SIGNEDVFS_TRY(begin_use(home));
  SIGNEDVFS_ASSIGN(std::optional<Finder> finder, claim_for(home, path.get()));
  if (!finder) return not_ours(path.get(), "no signed archive or directory");
  const bool was_protected = is_protected(*finder);
  const Result<OpenedArchive> opened = finder->open();
  if (!opened.ok() && !was_protected && is_no_archive(*finder, opened.status())) {
    return not_ours(path.get(), opened.status().what());
  }
  if (!opened.ok()) {
    set_status(home, opened.status(), Activity::kVerifying, subject_of(*finder));
    return python_error();
  }
  if (opened->vfs == nullptr) return not_ours(path.get(), "no archive");
  return *std::move(finder);
}

PyObject* new_finder(PyTypeObject* type, PyObject* positional, PyObject* named) {
  Interpreter* const home = home_of(type);
  if (home == nullptr) return nullptr;
  if (type != nullptr && type == Interpreter::type(home->types.finder_face)) {
    return PyObject_Call(home->types.finder.get(), positional, named);  // it has no objects
  }
  return new_holder<Finder>(type, home).release();
}

int init_finder(PyObject* self, PyObject* positional, PyObject* named) {
  return at_edge(
      [&] {
        static constexpr Parameters<1> kParameters{"zipimporter", 1, {"path"}};
        std::array<PyObject*, 1> arguments;
        if (!kParameters.read(positional, named, arguments)) return -1;
        Holder<Finder>& holder = *holder_of<Finder>(self);
        if (!is_alive(holder)) return -1;
        Result<Finder> made = make(*holder.home, arguments[0]);
        if (!made.ok()) {
          set_status(*holder.home, made.status(), Activity::kTool);
          return -1;
        }
        return put_value(self, std::move(made).value());
      },
      -1);
}

std::vector<PyMethodDef> all_methods() {
  std::vector<PyMethodDef> methods{
      method_of<&find_spec>("find_spec",
                            "find_spec($self, fullname, target=None)\n--\n\n"
                            "Return the spec of a module, or None where the manifest has none of "
                            "that name."),
      method_of<&create_module>("create_module",
                                "create_module($self, spec)\n--\n\n"
                                "Return an empty module with the attributes that `spec` gives it, "
                                "or None."),
      method_of<&exec_module>("exec_module",
                              "exec_module($self, module)\n--\n\nRun the module's verified code."),
      method_of<&get_code>("get_code", "get_code($self, fullname)\n--\n\nReturn the code object."),
      method_of<&get_source>(
          "get_source",
          "get_source($self, fullname)\n--\n\n"
          "Return the source, or None if there is none.\n\n"
          "An IntegrityCheckError of this method is an ImportError as well, so that whoever\n"
          "formats a traceback can go on without the source."),
      method_of<&get_filename>("get_filename",
                               "get_filename($self, fullname)\n--\n\n"
                               "Return the path of the file that holds the code."),
      method_of<&is_package>("is_package",
                             "is_package($self, fullname)\n--\n\nTell whether it is a package."),
      method_of<&get_data>(
          "get_data",
          "get_data($self, pathname)\n--\n\n"
          "Return the verified content of '<archive>/<member>' or '<member>' as bytes."),
      method_of<&get_resource_reader>(
          "get_resource_reader",
          "get_resource_reader($self, fullname)\n--\n\n"
          "Return what importlib.resources reads a package's files with, or None."),
      method_of<&iter_modules>("iter_modules",
                               "iter_modules($self, prefix='')\n--\n\n"
                               "Iterate over (prefix + name, is it a package), for pkgutil."),
      method_of<&preload>(
          "_preload",
          "_preload($self, fullname)\n--\n\n"
          "Load the native code of a module, or of all modules of a package, without importing "
          "them.\n"
          "Return the paths of the members."),
      method_of<&invalidate_caches>(
          "invalidate_caches",
          "invalidate_caches($self)\n--\n\n"
          "Look at the next use whether another archive stands at the path now."),
  };
  add_copies(methods);
  add_face_methods(methods);
  add_deprecated(methods);
  methods.push_back({});
  return methods;
}

}  // namespace

Result<PyRef> find_spec_of(Interpreter& home, const Finder& finder, PyObject* self,
                           PyObject* name) {
  Result<ModuleQuery> query = ModuleQuery::search(finder, name);
  if (!query.ok()) {
    set_status(home, query.status(), Activity::kVerifying, subject_of(finder));
    return python_error();
  }
  Result<PyRef> spec = query->spec(self);
  if (!spec.ok()) {
    set_status(home, spec.status(), Activity::kVerifying, subject_of(finder, query->member()));
    return python_error();
  }
  if (std::optional<Location> submodules = query->submodules()) {
    SIGNEDVFS_TRY(keep_submodules(home, finder, *std::move(submodules)));
  }
  return spec;
}

const Finder* finder_in(const Interpreter& home, PyObject* object) noexcept {
  if (PyObject_TypeCheck(object, Interpreter::type(home.types.finder)) == 0) return nullptr;
  const auto& value = holder_of<Finder>(object)->value;
  return value ? &*value : nullptr;
}

Result<PyRef> finder_object(Interpreter& home, Finder finder) {
  return new_object(Interpreter::type(home.types.finder), &home, std::move(finder));
}

Result<PyRef> path_of_finder(const Finder& finder) {
  std::string_view prefix = finder.location().prefix;
  if (prefix.empty()) return text_of_path(finder.location().archive);
  prefix.remove_suffix(1);
  return finder.path_of(prefix);
}

Result<PyRef> roots_of(const Importer& state) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyTuple_New(static_cast<Py_ssize_t>(state.roots.size()))));
  for (std::size_t i = 0; i < state.roots.size(); ++i) {
    SIGNEDVFS_ASSIGN(PyRef root, text_of_path(state.roots[i].absolute));
    PyTuple_SET_ITEM(out.get(), static_cast<Py_ssize_t>(i), std::move(root).release());
  }
  return out;
}

Status not_ours(PyObject* path, const std::string& why) {
  SIGNEDVFS_ASSIGN(const PyRef shown, owned(PyObject_Repr(path)));
  SIGNEDVFS_ASSIGN(const std::string text, utf8_of(shown.get()));
  return set_import_error(text + ": " + why, Py_None, path);
}

Status add_finder_type(Interpreter& home) {
  // Python keeps pointers into these tables, in every interpreter; threads outlive static objects.
  static std::vector<PyMethodDef>& methods = *new std::vector(all_methods());
  static std::array properties{
      getter_of<&archive>("archive", "The archive's path as it was given."),
      getter_of<&prefix>("prefix", "The path inside the archive, empty or ending in a slash."),
      getter_of<&vfs_in_use>("vfs",
                             "The archive in use as a SignedVfs, or None where there is none."),
      getter_of<&is_below_roots>("_below_roots", "Whether it belongs to a hook for given roots."),
      getter_of<&files_of>("_files", "What is signed, as zipimport keeps it: for its users."),
      PyGetSetDef{"__class__", &getter<&face_of>, &set_class, nullptr, nullptr},
      PyGetSetDef{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
      PyGetSetDef{}};
  static std::array members{kWeakMember, kDictMember, PyMemberDef{}};
  static std::array slots{
      slot(Py_tp_doc,
           "zipimporter(path)\n--\n\n"
           "Finds and loads modules of the signed archive or directory at `path`, or of\n"
           "a directory inside it, with the interface of zipimport.zipimporter."),
      slot(Py_tp_new, &constructor<&new_finder>),
      slot(Py_tp_init, &init_finder),
      slot(Py_tp_dealloc, &free_holder<Finder>),
      slot(Py_tp_traverse, &traverse_holder<Finder>),
      slot(Py_tp_clear, &clear_holder<Finder>),
      slot(Py_tp_repr, &plain<&show>),
      slot(Py_tp_methods, methods.data()),
      slot(Py_tp_getset, properties.data()),
      slot(Py_tp_members, members.data()),
      PyType_Slot{}};
  static PyType_Spec spec{
      "signedvfs.zipimporter", sizeof(Holder<Finder>), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | kAttributesFlag,
      slots.data()};
  SIGNEDVFS_TRY(add_type(home, spec, home.types.finder));
  SIGNEDVFS_TRY(add_face(home));
  SIGNEDVFS_ASSIGN(const PyRef name, owned(PyUnicode_InternFromString("find_spec")));
  SIGNEDVFS_ASSIGN(home.importers->own_find_spec,
                   item_of(Interpreter::type(home.types.finder)->tp_dict, name.get()));
  return {};
}

}  // namespace signedvfs
