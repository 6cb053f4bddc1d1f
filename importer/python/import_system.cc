#include "importer/python/import_system.h"

#include <string>
#include <utility>

namespace signedvfs {
namespace {

Result<PyRef> interned(const char* text) { return owned(PyUnicode_InternFromString(text)); }

Status intern_names(ImportSystem& out) {
  const std::pair<PyRef*, const char*> names[] = {
      {&out.name, "name"},
      {&out.loader, "loader"},
      {&out.origin, "origin"},
      {&out.locations, "submodule_search_locations"},
      {&out.has_location, "_set_fileattr"},
      {&out.cached, "_cached"},
      {&out.find_spec, "find_spec"},
      {&out.dunder_name, "__name__"},
      {&out.dunder_loader, "__loader__"},
      {&out.dunder_package, "__package__"},
      {&out.dunder_spec, "__spec__"},
      {&out.dunder_path, "__path__"},
      {&out.dunder_file, "__file__"},
      {&out.dunder_cached, "__cached__"},
      {&out.dunder_dict, "__dict__"},
      {&out.check_hash_based_pycs, "check_hash_based_pycs"},
  };
  for (const auto& [target, text] : names) {
    SIGNEDVFS_ASSIGN(*target, interned(text));
  }
  return {};
}

Status fetch_functions(ImportSystem& out) {
  SIGNEDVFS_ASSIGN(out.imp, loaded_module("_imp"));
  SIGNEDVFS_ASSIGN(out.call_trimmed,
                   loaded_attribute("_frozen_importlib", "_call_with_frames_removed"));
  SIGNEDVFS_ASSIGN(out.exec, loaded_attribute("builtins", "exec"));
  SIGNEDVFS_ASSIGN(out.compile, loaded_attribute("builtins", "compile"));
  SIGNEDVFS_ASSIGN(out.rename_code, loaded_attribute("_imp", "_fix_co_filename"));
  SIGNEDVFS_ASSIGN(out.is_frozen, loaded_attribute("_imp", "is_frozen"));
  SIGNEDVFS_ASSIGN(const PyRef names, loaded_attribute("sys", "builtin_module_names"));
  SIGNEDVFS_ASSIGN(out.builtin_names, owned(PyFrozenSet_New(names.get())));
  return {};
}

// A specimen shows what this version's constructor sets: making the objects in C++ costs a fifth of
// calling it. Where they are not what they have been since Python 3.4, the constructor is called.
Status fetch_spec_fields(ImportSystem& out) {
  SIGNEDVFS_ASSIGN(out.module_spec, loaded_attribute("_frozen_importlib", "ModuleSpec"));
  SIGNEDVFS_ASSIGN(const PyRef specimen,
                   owned(PyObject_CallFunction(out.module_spec.get(), "OO", Py_None, Py_None)));
  const PyRef fields = PyRef::steal(PyObject_GetAttr(specimen.get(), out.dunder_dict.get()));
  if (!fields || PyDict_Check(fields.get()) == 0) {
    PyErr_Clear();
    return {};
  }
  for (const PyRef* const needed :
       {&out.name, &out.loader, &out.origin, &out.locations, &out.has_location, &out.cached}) {
    const int is_there = PyDict_Contains(fields.get(), needed->get());
    if (is_there < 0) return python_error();
    if (is_there == 0) return {};
  }
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(fields.get(), &at, &name, &value) != 0;) {
    out.spec_fields.push_back({PyRef::borrow(name), PyRef::borrow(value)});
  }
  return {};
}

Status fetch_finders(ImportSystem& out) {
  constexpr std::array<std::pair<const char*, const char*>, 3> kPlaces{{
      {"_frozen_importlib", "BuiltinImporter"},
      {"_frozen_importlib", "FrozenImporter"},
      {"_frozen_importlib_external", "PathFinder"},
  }};
  for (std::size_t i = 0; i < kPlaces.size(); ++i) {
    ImportSystem::StandardFinder& finder = out.standard_finders[i];
    SIGNEDVFS_ASSIGN(finder.type, loaded_attribute(kPlaces[i].first, kPlaces[i].second));
    finder.find_spec = out.own_find_spec(finder.type.get());
  }
  return {};
}

Status fetch_prefixes(ImportSystem& out) {
  for (const char* const name : {"base_prefix", "base_exec_prefix", "prefix", "exec_prefix"}) {
    SIGNEDVFS_ASSIGN(const PyRef prefix, loaded_attribute("sys", name));
    SIGNEDVFS_ASSIGN(std::string path, utf8_of(prefix.get()));
    out.prefixes.push_back(std::move(path));
  }
  return {};
}

// The module os is loaded before any program runs, and with -S the package encodings; from where,
// says where the library is.
Status fetch_own_library(ImportSystem& out) {
  constexpr std::pair<const char*, int> kLoaded[] = {{"os", 1}, {"encodings", 2}};
  for (const auto& [module, depth] : kLoaded) {
    const Result<PyRef> file = loaded_attribute(module, "__file__");
    if (!file.ok() || PyUnicode_Check(file->get()) == 0) {
      PyErr_Clear();  // an interpreter that has it otherwise
      continue;
    }
    SIGNEDVFS_ASSIGN(std::string path, utf8_of(file->get()));
    std::size_t slash = path.rfind('/');
    if (depth > 1 && slash != std::string::npos && slash > 0) slash = path.rfind('/', slash - 1);
    if (slash == std::string::npos) continue;
    path.resize(slash);
    out.own_library = std::move(path);
    return {};
  }
  return {};
}

Status fetch_cached_ending(ImportSystem& out) {
  SIGNEDVFS_ASSIGN(const PyRef implementation, loaded_attribute("sys", "implementation"));
  SIGNEDVFS_ASSIGN(const PyRef tag,
                   owned(PyObject_GetAttrString(implementation.get(), "cache_tag")));
  if (tag.get() == Py_None) return {};
  SIGNEDVFS_ASSIGN(const PyRef flags, loaded_attribute("sys", "flags"));
  SIGNEDVFS_ASSIGN(const PyRef optimize, owned(PyObject_GetAttrString(flags.get(), "optimize")));
  const long level = PyLong_AsLong(optimize.get());
  if (level == -1 && PyErr_Occurred() != nullptr) return python_error();
  SIGNEDVFS_ASSIGN(const std::string text, utf8_of(tag.get()));
  out.cached_ending = '.' + text;
  if (level > 0) out.cached_ending += ".opt-" + std::to_string(level);
  out.cached_ending += ".pyc";
  return {};
}

}  // namespace

Result<ImportSystem> ImportSystem::fetch() {
  ImportSystem out;
  const long magic = PyImport_GetMagicNumber();
  if (magic == -1 && PyErr_Occurred() != nullptr) return python_error();
  out.magic_number = static_cast<std::uint32_t>(magic);
  SIGNEDVFS_TRY(intern_names(out));
  SIGNEDVFS_TRY(fetch_functions(out));
  SIGNEDVFS_TRY(fetch_spec_fields(out));
  SIGNEDVFS_TRY(fetch_finders(out));
  SIGNEDVFS_TRY(fetch_own_library(out));
  SIGNEDVFS_TRY(fetch_prefixes(out));
  SIGNEDVFS_TRY(fetch_cached_ending(out));
  return out;
}

PyRef ImportSystem::own_find_spec(PyObject* type) const {
  // The descriptor itself: binding it would make a new object each time.
  PyObject* const dict = reinterpret_cast<PyTypeObject*>(type)->tp_dict;
  Result<PyRef> found = dict == nullptr ? PyRef() : item_of(dict, find_spec.get());
  return found.ok() ? std::move(found).value() : PyRef();
}

}  // namespace signedvfs
