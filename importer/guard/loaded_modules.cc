#include "importer/guard/loaded_modules.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "importer/finders/finder_type.h"
#include "importer/finders/query.h"
#include "importer/guard/dotted_names.h"
#include "importer/guard/finding.h"
#include "importer/guard/module_claims.h"
#include "importer/guard/module_code.h"
#include "importer/guard/trusted_paths.h"
#include "importer/python/convert.h"
#include "importer/python/raised.h"

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

// refused returns that a module does not pass, and why.
Verdict refused(Errc code, std::string reason) { return {false, false, {code, std::move(reason)}}; }

// take_unreadable clears the exception that looking at a module raised, and says so.
Status take_unreadable(const std::string& dotted) {
  const PyRef raised = take_raised();
  const std::string kind = raised ? Py_TYPE(raised.get())->tp_name : "an error";
  return {Errc::kNoManifest, "the module " + in_quotes(dotted) +
                                 " was imported before the manager was installed, and what it is "
                                 "cannot be found out: to look at it raises " +
                                 in_quotes(kind)};
}

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
      PyObject* const name = PyTuple_GET_ITEM(item, 0);
      PyObject* const module = PyTuple_GET_ITEM(item, 1);
      if (PyUnicode_Check(name) == 0 || module == Py_None) continue;
      SIGNEDVFS_ASSIGN(Loaded one, read_claims(name, module));
      SIGNEDVFS_ASSIGN(const Verdict verdict, readable(one, judge(one)));
      if (!verdict.passes) {
        add(one, verdict.reason);
      } else if (verdict.is_by_content) {
        by_content.push_back(std::move(one));
      } else if (!one.file.empty()) {
        by_name_.emplace(one.file, PyRef::borrow(module));
      }
    }
    for (const Loaded& one : by_content) {
      SIGNEDVFS_ASSIGN(const Verdict verdict, readable(one, functions_of(one)));
      if (!verdict.passes) add(one, verdict.reason);
    }
    return std::move(unexpected_);
  }

 private:
  // readable has a module refused that raises when it is looked at, whatever it raises: nothing
  // that is loaded decides how this ends.
  static Result<Verdict> readable(const Loaded& one, Result<Verdict> verdict) {
    if (verdict.ok() || verdict.status().code() != Errc::kPython) return verdict;
    return Verdict{false, false, take_unreadable(one.dotted)};
  }

  Result<Verdict> judge(const Loaded& one) {
    // What judges is what is judged here: bootstrap code loads it from memory, so it has no file.
    if (one.dotted == "__main__" || one.module == home_.module) return Verdict{true, false, {}};
    Verdict out;
    SIGNEDVFS_ASSIGN(const bool is_in_executable, is_part_of_executable(one, out));
    if (is_in_executable) return out;
    if (!one.file.empty()) {
      SIGNEDVFS_ASSIGN(const bool may_have_run, may_be_of_other_bytecode(one));
      if (may_have_run && !is_named(one)) {
        return refused(Errc::kNoManifest,
                       before(one) +
                           "by a loader that takes bytecode from where PYTHONPYCACHEPREFIX "
                           "(sys.pycache_prefix) says");
      }
      SIGNEDVFS_ASSIGN(const bool is_listed, is_listed_file(one, out));
      if (is_listed) return out;
    }
    if (is_named(one)) return Verdict{true, false, {}};
    if (!one.is_plain) {
      SIGNEDVFS_ASSIGN(const bool is_looked_through, is_class_of_parent(one));
      if (is_looked_through) return Verdict{true, false, {}};
      return refused(Errc::kNoManifest, before(one) +
                                            "it is no plain module, so that nobody can "
                                            "compare it with a file");
    }
    SIGNEDVFS_ASSIGN(const bool is_believed, is_believed_path(one));
    if (is_believed) return is_what_its_path_has(one);
    return refused(Errc::kNoManifest, before(one) + "nobody has signed it");
  }

  static std::string before(const Loaded& one) {
    return "the module " + in_quotes(one.dotted) +
           " was imported before the manager was installed, and ";
  }

  Result<bool> is_part_of_executable(const Loaded& one, Verdict& out) {
    const ImportSystem& system = guard_.importer->system;
    const int is_builtin = PySet_Contains(system.builtin_names.get(), one.name);
    if (is_builtin < 0) return python_error();
    if (is_builtin > 0) {
      // Whoever ran before may have put anything there.
      const std::optional<std::string> object = native_object_of(one.module);
      out.passes = out.is_by_content =
          one.is_plain && object.has_value() && object == object_of_interpreter();
      return out.passes;
    }
    if (!one.spec || one.spec.get() == Py_None) return false;
    SIGNEDVFS_ASSIGN(const PyRef loader,
                     owned(PyObject_GetAttr(one.spec.get(), system.loader.get())));
    if (loader.get() != system.standard_finders[1].type.get()) return false;
    // Some have two names: "os.path" is "posixpath", "_frozen_importlib" is "importlib._bootstrap".
    for (const std::string& dotted : {one.own_name, one.dotted}) {
      SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(dotted));
      SIGNEDVFS_ASSIGN(const PyRef frozen, owned(PyObject_CallFunctionObjArgs(
                                               system.is_frozen.get(), name.get(), nullptr)));
      if (frozen.get() != Py_True) continue;
      SIGNEDVFS_ASSIGN(
          const PyRef code,
          owned(PyObject_CallMethod(system.imp.get(), "get_frozen_object", "O", name.get())));
      SIGNEDVFS_TRY(code_.add(one.own_name, code.get()));
      out.passes = out.is_by_content = true;
      return true;
    }
    return false;
  }

  // is_listed_file tells whether a manifest that the guard believes lists the module; what is wrong
  // with it is the verdict then.
  Result<bool> is_listed_file(const Loaded& one, Verdict& out) {
    std::string directory;
    const std::string stem = stem_of(one.file, directory);
    SIGNEDVFS_ASSIGN(const PyRef entry, text_of_utf8(directory));
    SIGNEDVFS_ASSIGN(const PyRef object, finder_in_place(home_, guard_, entry.get()));
    if (object.get() == Py_None) return false;
    const Finder* const finder = value_in<Finder>(object.get());
    if (finder == nullptr) return python_error();
    const Status verified = verify(*finder, one, stem);
    if (verified.code() == Errc::kPython) {
      if (PyErr_ExceptionMatches(PyExc_ImportError) == 0) return verified;
      PyErr_Clear();
      out = refused(Errc::kUnlistedMember, "the module " + in_quotes(one.dotted) +
                                               " is loaded from " + in_quotes(one.file) +
                                               ", which its signed directory does not list");
      return true;
    }
    out = {verified.ok(), verified.ok(), verified};
    return true;
  }

  // verify goes by what the file is called: modules may have other names ("os.path", and in some
  // versions "collections.abc" is what `_collections_abc` calls itself).
  Status verify(const Finder& finder, const Loaded& one, const std::string& stem) {
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
    return code.get() != Py_None ? code_.add(one.own_name, code.get()) : Status();
  }

  // is_named tells whether `check_modules` lists the module: then it passes by its name.
  bool is_named(const Loaded& one) const {
    return guard_.allowed.kind == AllowedModules::Kind::kList &&
           is_among(one.dotted, guard_.allowed.names);
  }

  // may_be_of_other_bytecode tells whether another file than the module's own may be what has run.
  // What the functions of the module are says nothing then: code beside them has run as well.
  Result<bool> may_be_of_other_bytecode(const Loaded& one) const {
    if (!bytecode_is_elsewhere_ || !one.file.ends_with(".py")) return false;
    if (!one.spec || one.spec.get() == Py_None) return true;
    const ImportSystem& system = guard_.importer->system;
    SIGNEDVFS_ASSIGN(const PyRef loader,
                     owned(PyObject_GetAttr(one.spec.get(), system.loader.get())));
    return finder_in(home_, loader.get()) == nullptr;
  }

  // is_believed_path tells whether the file that the module names is believed for where it stands:
  // as a part of the library where that is trusted so, or is what each interpreter loads from it,
  // and as a part of signedvfs.
  Result<bool> is_believed_path(const Loaded& one) const {
    if (one.file.empty()) return false;
    std::string directory = one.file;
    directory.resize(one.file.rfind('/') == std::string::npos ? 0 : one.file.rfind('/'));
    SIGNEDVFS_ASSIGN(const bool is_trusted, is_trusted_path(home_, guard_, one.dotted, directory));
    if (is_trusted) return true;
    if (one.dotted == "signedvfs" && one.file.ends_with("/__init__.py")) {
      directory.resize(directory.rfind('/') == std::string::npos ? 0 : directory.rfind('/'));
      return is_trusted_path(home_, guard_, one.dotted, directory);
    }
    // These pass as files of the executable's own library, wherever else that is said to be.
    if (!library_is_placed_by_.empty()) return false;
    const bool is_of_start =
        guard_.allowed.kind == AllowedModules::Kind::kDefault &&
        std::any_of(kOfEveryStart.begin(), kOfEveryStart.end(), [&](std::string_view name) {
          return name == "encodings" ? is_or_is_in(one.dotted, name) : one.dotted == name;
        });
    return is_of_start && is_in_library(guard_.importer->system, directory);
  }

  // is_what_its_path_has holds a module to the file that it names, which is believed for where it
  // stands: of an extension module the linker has to have loaded that, of others the functions are
  // compared with those of the file, as an import would read it now.
  Result<Verdict> is_what_its_path_has(const Loaded& one) {
    const std::string named = before(one) + "the file that it names, " + in_quotes(one.file) + ", ";
    if (is_extension_file(one.file)) {
      SIGNEDVFS_ASSIGN(const PyRef path, text_of_utf8(one.file));
      SIGNEDVFS_ASSIGN(const PyRef bytes, owned(PyUnicode_EncodeFSDefault(path.get())));
      const std::optional<std::string> object = native_object_of(one.module);
      if (object == PyBytes_AS_STRING(bytes.get())) return Verdict{true, true, {}};
      return refused(Errc::kNoManifest, named + "is not what it was loaded from");
    }
    std::string directory;
    SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(stem_of(one.file, directory)));
    SIGNEDVFS_ASSIGN(const PyRef entry, text_of_utf8(directory));
    SIGNEDVFS_ASSIGN(const PyRef spec, find_in_directory(guard_, name.get(), entry.get()));
    if (spec.get() == Py_None) return refused(Errc::kNoManifest, named + "is not there");
    const ImportSystem& system = guard_.importer->system;
    SIGNEDVFS_ASSIGN(const PyRef origin, owned(PyObject_GetAttr(spec.get(), system.origin.get())));
    SIGNEDVFS_ASSIGN(const std::string found, utf8_of(origin.get()));
    SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttr(spec.get(), system.loader.get())));
    if (found != one.file) {
      return refused(Errc::kNoManifest, named + "is not the one that an import takes");
    }
    SIGNEDVFS_ASSIGN(const PyRef code,
                     owned(PyObject_CallMethod(loader.get(), "get_code", "O", name.get())));
    SIGNEDVFS_TRY(code_.add(one.own_name, code.get()));
    return Verdict{true, true, {}};
  }

  Result<Verdict> functions_of(const Loaded& one) {
    PyRef foreign;
    for (bool is_known = true; is_known;) {
      SIGNEDVFS_ASSIGN(foreign, code_.find_foreign(one.module, one.own_name));
      if (!foreign) return Verdict{true, true, {}};
      SIGNEDVFS_ASSIGN(is_known, add_file_of(foreign.get()));
    }
    SIGNEDVFS_ASSIGN(const PyRef name,
                     owned(PyObject_GetAttrString(foreign.get(), "__qualname__")));
    SIGNEDVFS_ASSIGN(const std::string function, utf8_of(name.get()));
    return refused(Errc::kDigestMismatch, "the function " + in_quotes(function) +
                                              " of the loaded module " + in_quotes(one.dotted) +
                                              " is not the one of its file");
  }

  // add_file_of adds the code of the file that a function says it is from, where that is the file
  // of a module that passed by its name: its decorators make functions for others. False: it is
  // not, or was added before.
  Result<bool> add_file_of(PyObject* function) {
    SIGNEDVFS_ASSIGN(const PyRef path,
                     owned(PyObject_GetAttrString(PyFunction_GetCode(function), "co_filename")));
    SIGNEDVFS_ASSIGN(const std::string file, utf8_of(path.get()));
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

  void add(const Loaded& one, const Status& reason) {
    std::string origin = one.file;
    if (origin.empty() && one.spec) origin = origin_in(one.spec.get());
    unexpected_.push_back({one.dotted, std::move(origin), reason});
  }

  // origin_in returns what a module's spec says of where it is from; "": nothing that can be read.
  std::string origin_in(PyObject* spec) const {
    const ImportSystem& system = guard_.importer->system;
    const PyRef found = PyRef::steal(PyObject_GetAttr(spec, system.origin.get()));
    if (found && PyUnicode_Check(found.get()) != 0) {
      Result<std::string> text = utf8_of(found.get());
      if (text.ok()) return std::move(text).value();
    }
    PyErr_Clear();
    return {};
  }

  Interpreter& home_;
  const Guard& guard_;
  CodeOfFiles code_;
  std::string library_is_placed_by_;  // a variable of the environment; empty: by none
  bool bytecode_is_elsewhere_ = false;
  std::map<std::string, PyRef> by_name_;  // file -> module that passed by its name
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
