#include "importer/guard/trusted_paths.h"

#include <span>
#include <string>
#include <string_view>

#include "archive/os/dynamic_linker.h"
#include "importer/paths/text.h"

namespace signedvfs {
namespace {

constexpr std::string_view kOurs = "signedvfs";

// is_plain tells whether a path is absolute and leads where its text says, but for links.
bool is_plain(std::string_view path) {
  return path.starts_with('/') && path.find("/../") == std::string_view::npos &&
         !path.ends_with("/..");
}

// begins_plainly tells whether what follows a directory's path begins with the name of what is in
// that directory: components that are empty or "." lead nowhere, and would hide it.
bool begins_plainly(std::string_view inside) {
  const std::size_t name = inside.find_first_not_of('/');
  if (name == std::string_view::npos) return true;  // the directory itself
  return name == 1 && !inside.starts_with("/./") && inside != "/.";
}

// is_ours tells whether `name` is the package signedvfs, or a module of it.
bool is_ours(std::string_view name) {
  return name.starts_with(kOurs) && (name.size() == kOurs.size() || name[kOurs.size()] == '.');
}

// own_package returns the directory of the package that this module was loaded with, in UTF-8;
// empty: it was not loaded from a file.
Result<std::string> own_package(const Interpreter& home) {
  const PyRef file = PyRef::steal(PyModule_GetFilenameObject(home.module));
  if (!file) {
    PyErr_Clear();
    return std::string();
  }
  SIGNEDVFS_ASSIGN(std::string path, utf8_of(file.get()));
  path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  return path;
}

Result<PyRef> new_file_finder(PyObject* directory) {
  SIGNEDVFS_ASSIGN(const PyRef type, loaded_attribute("_frozen_importlib_external", "FileFinder"));
  SIGNEDVFS_ASSIGN(const PyRef list,
                   loaded_attribute("_frozen_importlib_external", "_get_supported_file_loaders"));
  SIGNEDVFS_ASSIGN(const PyRef loaders, owned(PyObject_CallObject(list.get(), nullptr)));
  SIGNEDVFS_ASSIGN(const PyRef details, owned(PySequence_Tuple(loaders.get())));
  SIGNEDVFS_ASSIGN(const PyRef first, owned(PyTuple_Pack(1, directory)));
  SIGNEDVFS_ASSIGN(const PyRef arguments, owned(PySequence_Concat(first.get(), details.get())));
  return owned(PyObject_CallObject(type.get(), arguments.get()));
}

// forget_cache_prefix has bytecode read from beside its source and nowhere else: anybody may have
// written into the directory that PYTHONPYCACHEPREFIX names.
Status forget_cache_prefix() {
  const PyRef prefix = sys_object("pycache_prefix");
  if (!prefix || prefix.get() == Py_None) return {};
  return PySys_SetObject("pycache_prefix", Py_None) == 0 ? Status() : Status(python_error());
}

}  // namespace

bool is_in_library(const ImportSystem& system, std::string_view entry) {
  const std::string_view library = system.own_library;
  if (library.empty() || !is_plain(entry) || !is_at_or_below(entry, library)) return false;
  const std::string_view inside = entry.substr(library.size());
  if (!begins_plainly(inside)) return false;
  for (const std::string_view installed : {"/site-packages", "/dist-packages"}) {
    if (is_at_or_below(inside, installed)) return false;
  }
  return true;
}

Result<bool> is_trusted_file(const Interpreter& home, const Guard& guard, std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return false;
  SIGNEDVFS_ASSIGN(const PyRef text, text_of_path(path.substr(0, slash)));
  SIGNEDVFS_ASSIGN(const std::string directory, utf8_of(text.get()));
  return is_trusted_path(home, guard, "signedvfs.", directory);
}

Result<bool> is_trusted_path(const Interpreter& home, const Guard& guard, std::string_view name,
                             std::string_view entry) {
  if (guard.trusts_library_paths && is_in_library(guard.importer->system, entry)) return true;
  if (!is_ours(name) || !is_plain(entry)) return false;
  SIGNEDVFS_ASSIGN(const std::string package, own_package(home));
  if (package.empty()) return false;
  if (name == kOurs) return entry == std::string_view(package).substr(0, package.rfind('/'));
  return is_at_or_below(entry, package);
}

Result<PyRef> find_by_path(Interpreter& home, Guard& guard, PyObject* name, PyObject* entry) {
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name));
  SIGNEDVFS_ASSIGN(const std::string directory, utf8_of(entry));
  SIGNEDVFS_ASSIGN(const bool trusted, is_trusted_path(home, guard, dotted, directory));
  if (!trusted) return PyRef::borrow(Py_None);
  return find_in_directory(guard, name, entry);
}

Result<PyRef> find_in_directory(const Guard& guard, PyObject* name, PyObject* entry) {
  SIGNEDVFS_TRY(forget_cache_prefix());
  SIGNEDVFS_ASSIGN(PyRef finder, item_of(guard.by_path.get(), entry));
  if (!finder) {
    SIGNEDVFS_ASSIGN(finder, new_file_finder(entry));
    if (PyDict_SetItem(guard.by_path.get(), entry, finder.get()) < 0) return python_error();
  }
  const ImportSystem& system = guard.importer->system;
  SIGNEDVFS_ASSIGN(PyRef spec, owned(PyObject_CallMethodObjArgs(
                                   finder.get(), system.find_spec.get(), name, nullptr)));
  if (spec.get() == Py_None) return spec;
  // A directory that happens to lie there is no package.
  SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttr(spec.get(), system.loader.get())));
  return loader.get() == Py_None ? PyRef::borrow(Py_None) : std::move(spec);
}

Result<std::string> environment_sets(std::span<const char* const> names) {
  const PyRef flags = sys_object("flags");
  if (!flags) return python_error();
  SIGNEDVFS_ASSIGN(const PyRef ignored,
                   owned(PyObject_GetAttrString(flags.get(), "ignore_environment")));
  const int is_ignored = PyObject_IsTrue(ignored.get());
  if (is_ignored < 0) return python_error();
  if (is_ignored != 0) return std::string();
  // What the process was started with, which os.environ may have lost since, and what a host that
  // embeds Python may have set before.
  SIGNEDVFS_ASSIGN(const PyRef environment, loaded_attribute("posix", "environ"));
  for (const char* const name : names) {
    SIGNEDVFS_ASSIGN(const PyRef key, owned(PyBytes_FromString(name)));
    SIGNEDVFS_ASSIGN(const PyRef now, item_of(environment.get(), key.get()));
    const bool is_set = now && PyObject_IsTrue(now.get()) != 0;  // Python ignores empty ones
    if (is_set || !start_environment(name).empty()) return std::string(name);
  }
  return std::string();
}

Status check_library_paths() {
  SIGNEDVFS_ASSIGN(const std::string name, environment_sets(kPlacesTheLibrary));
  if (name.empty()) return {};
  return {Errc::kUsage, "trust_stdlib_paths=True trusts the library by where it stands, and " +
                            name + " says where: start Python with -I"};
}

}  // namespace signedvfs
