#include "importer/guard/loaded_modules.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "importer/finders/finder_type.h"
#include "importer/finders/query.h"
#include "importer/guard/dotted_names.h"
#include "importer/guard/finding.h"
#include "importer/guard/module_code.h"
#include "importer/guard/trusted_paths.h"
#include "importer/python/convert.h"

namespace signedvfs {
namespace {

// kOfEveryStart are what an interpreter loads before its program, where it has them in files:
// Python/pylifecycle.c (encodings, io) and Lib/site.py. `sitecustomize` and `usercustomize` are not
// among them: who may write these files decides what runs. `linecache` has the source of `-c`
// in 3.13 and 3.14.
constexpr std::array<std::string_view, 18> kOfEveryStart{
    "encodings",   "codecs",     "io",      "abc",           "site",        "os",
    "stat",        "posixpath",  "os.path", "_sitebuiltins", "genericpath", "_collections_abc",
    "_bootlocale", "_sysconfig", "_abc",    "zipimport",     "_weakrefset", "linecache"};

// Loaded is an entry of sys.modules.
struct Loaded {
  PyObject* name;  // a str, borrowed
  PyObject* module;
  std::string dotted;
  std::string file;  // `__file__`; empty: it has none
};

Result<std::string> text_attribute(PyObject* object, const char* name) {
  const PyRef found = PyRef::steal(PyObject_GetAttrString(object, name));
  if (!found) {
    if (PyErr_ExceptionMatches(PyExc_Exception) == 0) return python_error();
    PyErr_Clear();
    return std::string();
  }
  return PyUnicode_Check(found.get()) != 0 ? utf8_of(found.get()) : Result<std::string>("");
}

std::string_view directory_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}

// is_bytecode_elsewhere tells whether the loaders of the standard library have looked for bytecode
// in another place than beside its source. A manager that is there already has reset the attribute.
Result<bool> is_bytecode_elsewhere() {
  const PyRef prefix = sys_object("pycache_prefix");
  if (prefix && prefix.get() != Py_None) return true;
  constexpr std::array kName{"PYTHONPYCACHEPREFIX"};
  SIGNEDVFS_ASSIGN(const std::string set, environment_sets(kName));
  return !set.empty();
}

// Verdict is what was found out about where a module is from.
struct Verdict {
  bool passes = false;
  bool is_by_content = false;  // its functions have to be those of a file
  Status reason;
};

class Check {
 public:
  Check(Interpreter& home, const Guard& guard) : home_(home), guard_(guard) {}

  Result<std::vector<Unexpected>> all() {
    SIGNEDVFS_TRY(code_.create());
    SIGNEDVFS_ASSIGN(library_is_placed_by_, environment_sets(kPlacesTheLibrary));
    SIGNEDVFS_ASSIGN(bytecode_is_elsewhere_, is_bytecode_elsewhere());
    SIGNEDVFS_ASSIGN(const PyRef items, owned(PyDict_Items(PyImport_GetModuleDict())));
    std::vector<Loaded> by_content;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
      PyObject* const item = PyList_GET_ITEM(items.get(), i);
      Loaded one{PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1), {}, {}};
      if (PyUnicode_Check(one.name) == 0 || one.module == Py_None) continue;
      SIGNEDVFS_ASSIGN(one.dotted, utf8_of(one.name));
      SIGNEDVFS_ASSIGN(one.file, text_attribute(one.module, "__file__"));
      SIGNEDVFS_ASSIGN(const Verdict verdict, judge(one));
      if (!verdict.passes) {
        SIGNEDVFS_TRY(add(one, verdict.reason));
      } else if (verdict.is_by_content) {
        by_content.push_back(std::move(one));
      } else if (!one.file.empty()) {
        by_name_.emplace(one.file, PyRef::borrow(one.module));
      }
    }
    for (const Loaded& one : by_content) SIGNEDVFS_TRY(check_functions(one));
    return std::move(unexpected_);
  }

 private:
  Result<Verdict> judge(const Loaded& one) {
    Verdict out;
    out.passes = true;
    // What judges is what is judged here: bootstrap code loads it from memory, so it has no file.
    if (one.dotted == "__main__" || one.module == home_.module) return out;
    SIGNEDVFS_ASSIGN(const bool is_in_executable, is_part_of_executable(one, out));
    if (is_in_executable) return out;
    if (!one.file.empty()) {
      SIGNEDVFS_ASSIGN(const bool may_have_run, may_be_of_other_bytecode(one));
      if (may_have_run && !is_named(one)) {
        out.passes = false;
        out.reason = {Errc::kNoManifest,
                      "the module " + in_quotes(one.dotted) +
                          " was imported before the manager was installed, by a loader that takes "
                          "bytecode from where PYTHONPYCACHEPREFIX (sys.pycache_prefix) says"};
        return out;
      }
      SIGNEDVFS_ASSIGN(const bool is_listed, is_listed_file(one, out));
      if (is_listed) return out;
      SIGNEDVFS_ASSIGN(const bool is_trusted,
                       is_trusted_path(home_, guard_, one.dotted, directory_of(one.file)));
      if (is_trusted) return out;
      SIGNEDVFS_ASSIGN(const bool is_package_itself, is_own_package(one));
      if (is_package_itself) return out;
    }
    if (is_allowed(one)) return out;
    out.passes = false;
    out.reason = {Errc::kNoManifest,
                  "the module " + in_quotes(one.dotted) +
                      " was imported before the manager was installed, and nobody has signed it"};
    return out;
  }

  Result<bool> is_part_of_executable(const Loaded& one, Verdict& out) {
    const ImportSystem& system = guard_.importer->system;
    const int is_builtin = PySet_Contains(system.builtin_names.get(), one.name);
    if (is_builtin < 0) return python_error();
    if (is_builtin > 0) {
      // Whoever ran before may have put anything there. What Python code makes has no definition.
      out.is_by_content = PyModule_Check(one.module) != 0 && PyModule_GetDef(one.module) != nullptr;
      return out.is_by_content;
    }
    const PyRef spec = PyRef::steal(PyObject_GetAttrString(one.module, "__spec__"));
    if (!spec) PyErr_Clear();
    if (!spec || spec.get() == Py_None) return false;
    const PyRef loader = PyRef::steal(PyObject_GetAttr(spec.get(), system.loader.get()));
    if (!loader) PyErr_Clear();
    if (loader.get() != system.standard_finders[1].type.get()) return false;
    // Some have two names: "os.path" is "posixpath", "_frozen_importlib" is "importlib._bootstrap".
    SIGNEDVFS_ASSIGN(const std::string own_name, text_attribute(one.module, "__name__"));
    for (const std::string& dotted : {own_name, one.dotted}) {
      SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(dotted));
      SIGNEDVFS_ASSIGN(const PyRef frozen, owned(PyObject_CallFunctionObjArgs(
                                               system.is_frozen.get(), name.get(), nullptr)));
      if (frozen.get() != Py_True) continue;
      SIGNEDVFS_ASSIGN(
          const PyRef code,
          owned(PyObject_CallMethod(system.imp.get(), "get_frozen_object", "O", name.get())));
      SIGNEDVFS_TRY(code_.add(own_name, code.get()));
      out.is_by_content = true;
      return true;
    }
    return false;
  }

  // is_listed_file tells whether a manifest that the guard believes lists the module; what is wrong
  // with it is the verdict then.
  Result<bool> is_listed_file(const Loaded& one, Verdict& out) {
    std::string_view directory = directory_of(one.file);
    std::string_view name = one.file;
    name.remove_prefix(std::min(directory.size() + 1, name.size()));
    if (name.starts_with("__init__.")) {
      name = directory.substr(directory.rfind('/') + 1);
      directory = directory_of(directory);
    }
    SIGNEDVFS_ASSIGN(const PyRef entry, text_of_utf8(directory));
    SIGNEDVFS_ASSIGN(const PyRef object, finder_in_place(home_, guard_, entry.get()));
    if (object.get() == Py_None) return false;
    const Finder* const finder = value_in<Finder>(object.get());
    if (finder == nullptr) return python_error();
    const Status verified = verify(*finder, one, name.substr(0, name.find('.')));
    if (verified.code() == Errc::kPython) {
      if (PyErr_ExceptionMatches(PyExc_ImportError) == 0) return verified;
      PyErr_Clear();
      out.passes = false;
      out.reason = {Errc::kUnlistedMember, "the module " + in_quotes(one.dotted) +
                                               " is loaded from " + in_quotes(one.file) +
                                               ", which its signed directory does not list"};
      return true;
    }
    out.passes = verified.ok();
    out.is_by_content = verified.ok();
    out.reason = verified;
    return true;
  }

  // verify goes by what the file is called: modules may have other names ("os.path", and in some
  // versions "collections.abc" is what `_collections_abc` calls itself).
  Status verify(const Finder& finder, const Loaded& one, std::string_view stem) {
    SIGNEDVFS_ASSIGN(const std::string own_name, text_attribute(one.module, "__name__"));
    SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(stem));
    SIGNEDVFS_ASSIGN(ModuleQuery query, ModuleQuery::create(finder, name.get()));
    SIGNEDVFS_ASSIGN(const PyRef file, query.filename());
    SIGNEDVFS_ASSIGN(const PyRef code, query.code());
    // Bytecode may be what was signed where the source is not, which then was what has run.
    SIGNEDVFS_ASSIGN(const PyRef loaded, text_of_utf8(one.file));
    for (PyObject* const path : {file.get(), loaded.get()}) {
      std::string member;
      const Result<PyRef> content = finder.get_data(path, member);
      if (!content.ok()) return content.status();
    }
    return code.get() != Py_None ? code_.add(own_name, code.get()) : Status();
  }

  // is_own_package tells whether it is the package signedvfs, from where this module is from.
  Result<bool> is_own_package(const Loaded& one) {
    if (one.dotted != "signedvfs" || !one.file.ends_with("/__init__.py")) return false;
    return is_trusted_path(home_, guard_, one.dotted, directory_of(directory_of(one.file)));
  }

  // may_be_of_other_bytecode tells whether another file than the module's own may be what has run.
  // What the functions of the module are says nothing then: code beside them has run as well.
  Result<bool> may_be_of_other_bytecode(const Loaded& one) const {
    if (!bytecode_is_elsewhere_ || !one.file.ends_with(".py")) return false;
    const PyRef loader = PyRef::steal(PyObject_GetAttrString(one.module, "__loader__"));
    if (!loader) PyErr_Clear();
    return !loader || finder_in(home_, loader.get()) == nullptr;
  }

  bool is_named(const Loaded& one) const {
    return guard_.allowed.kind == AllowedModules::Kind::kList &&
           is_among(one.dotted, guard_.allowed.names);
  }

  bool is_allowed(const Loaded& one) const {
    if (guard_.allowed.kind == AllowedModules::Kind::kList) return is_named(one);
    // These pass as files of the executable's own library, wherever else that is said to be.
    if (!library_is_placed_by_.empty()) return false;
    const bool is_named =
        std::any_of(kOfEveryStart.begin(), kOfEveryStart.end(), [&](std::string_view name) {
          return name == "encodings" ? is_or_is_in(one.dotted, name) : one.dotted == name;
        });
    return is_named && is_in_library(guard_.importer->system, directory_of(one.file));
  }

  Status check_functions(const Loaded& one) {
    SIGNEDVFS_ASSIGN(const std::string own_name, text_attribute(one.module, "__name__"));
    PyRef foreign;
    for (bool is_known = true; is_known;) {
      SIGNEDVFS_ASSIGN(foreign, code_.find_foreign(one.module, own_name));
      if (!foreign) return {};
      SIGNEDVFS_ASSIGN(is_known, add_file_of(foreign.get()));
    }
    SIGNEDVFS_ASSIGN(const std::string function, text_attribute(foreign.get(), "__qualname__"));
    return add(one, {Errc::kDigestMismatch, "the function " + in_quotes(function) +
                                                " of the loaded module " + in_quotes(one.dotted) +
                                                " is not the one of its file"});
  }

  // add_file_of adds the code of the file that a function says it is from, where that is the file
  // of a module that passed by its name or path: decorators of the library make functions for
  // others. False: it is not, or was added before.
  Result<bool> add_file_of(PyObject* function) {
    PyObject* const code = PyFunction_GetCode(function);
    SIGNEDVFS_ASSIGN(const std::string file, text_attribute(code, "co_filename"));
    const auto found = by_name_.find(file);
    if (found == by_name_.end()) return false;
    const PyRef module = std::move(found->second);
    by_name_.erase(found);
    SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttrString(module.get(), "__loader__")));
    SIGNEDVFS_ASSIGN(const PyRef name, owned(PyObject_GetAttrString(module.get(), "__name__")));
    SIGNEDVFS_ASSIGN(const PyRef whole,
                     owned(PyObject_CallMethod(loader.get(), "get_code", "O", name.get())));
    SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name.get()));
    SIGNEDVFS_TRY(code_.add(dotted, whole.get()));
    return true;
  }

  Status add(const Loaded& one, const Status& reason) {
    std::string origin = one.file;
    if (origin.empty()) {
      const PyRef spec = PyRef::steal(PyObject_GetAttrString(one.module, "__spec__"));
      if (!spec) PyErr_Clear();
      if (spec) {
        SIGNEDVFS_ASSIGN(origin, text_attribute(spec.get(), "origin"));
      }
    }
    unexpected_.push_back({one.dotted, std::move(origin), reason});
    return {};
  }

  Interpreter& home_;
  const Guard& guard_;
  CodeOfFiles code_;
  std::string library_is_placed_by_;  // a variable of the environment; empty: by none
  bool bytecode_is_elsewhere_ = false;
  std::map<std::string, PyRef> by_name_;  // file -> module that passed, but not by its content
  std::vector<Unexpected> unexpected_;
};

}  // namespace

Result<std::vector<Unexpected>> find_unexpected(Interpreter& home, const Guard& guard) {
  if (guard.allowed.kind == AllowedModules::Kind::kOff) return std::vector<Unexpected>();
  // What is a signed directory is known once it was looked at: first the outer ones.
  const PyRef path = sys_object("path");
  if (path && PyList_Check(path.get()) != 0) {
    for (Py_ssize_t i = 0;; ++i) {
      const PyRef entry = item_at(path.get(), i);
      if (!entry) break;
      if (PyUnicode_Check(entry.get()) == 0) continue;
      const Result<PyRef> finder = finder_in_place(home, guard, entry.get());
      if (!finder.ok()) return finder.status();
    }
  }
  return Check(home, guard).all();
}

Result<AllowedModules> read_allowed(PyObject* check_modules) {
  AllowedModules out;
  if (check_modules == nullptr || check_modules == Py_None) return out;
  if (PyBool_Check(check_modules) != 0) {
    if (check_modules == Py_True) {
      return Status(Errc::kUsage,
                    "check_modules is None, False, or a list of names that may be loaded");
    }
    out.kind = AllowedModules::Kind::kOff;
    return out;
  }
  out.kind = AllowedModules::Kind::kList;
  SIGNEDVFS_ASSIGN(out.names, texts_of(check_modules, "check_modules", "each of check_modules"));
  return out;
}

void end_process(const std::vector<Unexpected>& all) {
  PySys_WriteStderr("signedvfs: the process ends, for these modules are loaded already:\n");
  for (const Unexpected& one : all) {
    const std::string line = "  " + in_quotes(one.module) + " from " +
                             (one.origin.empty() ? "nowhere" : in_quotes(one.origin)) + ": " +
                             one.reason.what() + '\n';
    const Result<PyRef> text = text_of_utf8(line);  // no limit to its length
    if (text.ok()) PySys_FormatStderr("%U", text->get());
  }
  PySys_WriteStderr(
      "Install the manager before anything else is imported, start Python with -I, or name what is "
      "expected: SignedImportManager(check_modules=[...]).\n");
  const PyRef stream = sys_object("stderr");
  if (stream) {
    const PyRef flushed = PyRef::steal(PyObject_CallMethod(stream.get(), "flush", nullptr));
    if (!flushed) PyErr_Clear();
  }
  constexpr int kRefused = 126;
  std::_Exit(kRefused);
}

}  // namespace signedvfs
