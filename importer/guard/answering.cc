#include "importer/guard/answering.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "importer/doors/side_doors.h"
#include "importer/guard/alias_loader.h"
#include "importer/guard/dotted_names.h"
#include "importer/guard/finding.h"
#include "importer/guard/manager_type.h"
#include "importer/modules/spec.h"
#include "importer/python/convert.h"

namespace signedvfs {
namespace {

// entries_of returns a list of where to look; null: the path is none.
Result<PyRef> entries_of(PyObject* path) {
  const PyRef given = path == Py_None ? sys_object("path") : PyRef::borrow(path);
  if (!given) return owned(PyList_New(0));
  return owned(PySequence_List(given.get()));
}

// namespace_spec returns the spec of a namespace package of exactly these portions. Its `__path__`
// asks the manager again when the path of its parent changes (PEP 420), and nobody else.
Result<PyRef> namespace_spec(const ImportSystem& system, PyObject* self, PyObject* name,
                             PyObject* portions) {
  SIGNEDVFS_ASSIGN(const PyRef type,
                   loaded_attribute("_frozen_importlib_external", "_NamespacePath"));
  SIGNEDVFS_ASSIGN(const PyRef ask, owned(PyObject_GetAttrString(self, "_portions")));
  SIGNEDVFS_ASSIGN(const PyRef path, owned(PyObject_CallFunctionObjArgs(type.get(), name, portions,
                                                                        ask.get(), nullptr)));
  SIGNEDVFS_ASSIGN(PyRef spec, owned(PyObject_CallFunctionObjArgs(system.module_spec.get(), name,
                                                                  Py_None, nullptr)));
  if (PyObject_SetAttr(spec.get(), system.locations.get(), path.get()) < 0) return python_error();
  return spec;
}

// all_guards returns the guard that is asked, and behind it those of the other managers that
// enforce.
Result<std::vector<std::shared_ptr<Guard>>> all_guards(const Interpreter& home,
                                                       const std::shared_ptr<Guard>& asked) {
  std::vector<std::shared_ptr<Guard>> out{asked};
  SIGNEDVFS_ASSIGN(const PyRef managers, enforcing_managers(home));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(managers.get()); ++i) {
    const Manager* const other = manager_in(home, PyList_GET_ITEM(managers.get(), i));
    if (other != nullptr && other->guard != asked) out.push_back(other->guard);
  }
  return out;
}

// note_refusal keeps it for the report, and warns where that is wanted.
Status note_refusal(Guard& guard, PyObject* name, const Status& refusal, const Subject& subject) {
  SIGNEDVFS_ASSIGN(const std::string module, utf8_of(name));
  const bool is_new =
      guard.report.add(module, refusal.code(), refusal.what(), subject.path.value_or(""));
  if (guard.mode != Mode::kWarn || !is_new) return {};
  const int warned =
      PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "signedvfs would refuse the module %s: %s",
                       in_quotes(module).c_str(), refusal.what().c_str());
  return warned == 0 ? Status() : Status(python_error());
}

// ask_behind asks the finders that follow the manager in sys.meta_path.
Result<PyRef> ask_behind(const ImportSystem& system, PyObject* self, PyObject* name, PyObject* path,
                         PyObject* target) {
  const PyRef meta_path = sys_object("meta_path");
  if (!meta_path) return PyRef::borrow(Py_None);
  SIGNEDVFS_ASSIGN(const PyRef finders, owned(PySequence_List(meta_path.get())));
  bool is_behind = false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(finders.get()); ++i) {
    PyObject* const finder = PyList_GET_ITEM(finders.get(), i);
    if (!is_behind) {
      is_behind = finder == self;
      continue;
    }
    const PyRef find = PyRef::steal(PyObject_GetAttr(finder, system.find_spec.get()));
    if (!find && PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return python_error();
    if (!find) PyErr_Clear();
    if (!find) continue;
    SIGNEDVFS_ASSIGN(PyRef spec,
                     owned(PyObject_CallFunctionObjArgs(find.get(), name, path, target, nullptr)));
    if (spec.get() != Py_None) return spec;
  }
  return PyRef::borrow(Py_None);
}

// is_made tells whether a spec is of a module that its loader makes by itself: it names no file,
// and the loader is none that reads files.
Result<bool> is_made(const ImportSystem& system, PyObject* spec) {
  SIGNEDVFS_ASSIGN(const PyRef has_location, owned(PyObject_GetAttrString(spec, "has_location")));
  const int has = PyObject_IsTrue(has_location.get());
  if (has != 0) return has < 0 ? Result<bool>(python_error()) : Result<bool>(false);
  SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttr(spec, system.loader.get())));
  if (loader.get() == Py_None) return false;
  // Those of the standard library that read files are derived from one of these.
  for (const auto& [module, name] : {std::pair("_frozen_importlib_external", "_LoaderBasics"),
                                     std::pair("_frozen_importlib_external", "ExtensionFileLoader"),
                                     std::pair("_frozen_importlib_external", "FileLoader")}) {
    SIGNEDVFS_ASSIGN(const PyRef type, loaded_attribute(module, name));
    const int is_one = PyObject_IsInstance(loader.get(), type.get());
    if (is_one != 0) return is_one < 0 ? Result<bool>(python_error()) : Result<bool>(false);
  }
  return true;
}

// find_made asks the finders that the program has put into sys.meta_path, past those of the
// standard library, for a module that it was said to make; None: none of them does.
Result<PyRef> find_made(const Interpreter& home, const Guard& guard, PyObject* name, PyObject* path,
                        PyObject* target) {
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name));
  const PyRef meta_path = sys_object("meta_path");
  if (!is_among(dotted, guard.made_modules) || !meta_path || PyList_Check(meta_path.get()) == 0) {
    return PyRef::borrow(Py_None);
  }
  const ImportSystem& system = guard.importer->system;
  for (Py_ssize_t i = 0;; ++i) {
    const PyRef finder = item_at(meta_path.get(), i);
    if (!finder) return PyRef::borrow(Py_None);
    const bool is_standard =
        std::any_of(system.standard_finders.begin(), system.standard_finders.end(),
                    [&](const auto& one) { return one.type.get() == finder.get(); });
    const bool is_ours = Py_TYPE(finder.get()) == Interpreter::type(home.types.meta_path_entry) ||
                         manager_in(home, finder.get()) != nullptr;
    if (is_standard || is_ours) continue;
    const PyRef find = PyRef::steal(PyObject_GetAttr(finder.get(), system.find_spec.get()));
    if (!find && PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return python_error();
    if (!find) PyErr_Clear();
    if (!find) continue;
    SIGNEDVFS_ASSIGN(PyRef spec,
                     owned(PyObject_CallFunctionObjArgs(find.get(), name, path, target, nullptr)));
    if (spec.get() == Py_None) continue;
    SIGNEDVFS_ASSIGN(const bool made, is_made(system, spec.get()));
    if (made) return spec;
  }
}

// origin_text returns what a spec says of where its module is from, for people.
Result<std::string> origin_text(const ImportSystem& system, PyObject* spec) {
  for (const PyRef* const field : {&system.origin, &system.locations, &system.loader}) {
    SIGNEDVFS_ASSIGN(const PyRef value, owned(PyObject_GetAttr(spec, field->get())));
    if (value.get() == Py_None) continue;
    SIGNEDVFS_ASSIGN(const PyRef shown, owned(PyObject_Str(value.get())));
    return utf8_of(shown.get());
  }
  return std::string("nowhere");
}

// let_through answers in the modes that refuse nothing: with what the others find, which is noted.
Result<PyRef> let_through(Guard& guard, PyObject* self, PyObject* name, PyObject* path,
                          PyObject* target, Finding found) {
  const ImportSystem& system = guard.importer->system;
  if (found.kind == Finding::Kind::kRefused) {
    SIGNEDVFS_TRY(note_refusal(guard, name, found.refusal, found.subject));
    return ask_behind(system, self, name, path, target);
  }
  SIGNEDVFS_ASSIGN(PyRef spec, ask_behind(system, self, name, path, target));
  if (spec.get() == Py_None) return spec;
  SIGNEDVFS_ASSIGN(const std::string origin, origin_text(system, spec.get()));
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name));
  Subject subject;
  subject.path = origin;
  const Status refusal(Errc::kNoManifest, "the module " + in_quotes(dotted) + " is at " +
                                              in_quotes(origin) + ", which nobody has signed");
  SIGNEDVFS_TRY(note_refusal(guard, name, refusal, subject));
  return spec;
}

// refuse raises it.
Status refuse(Interpreter& home, Guard& guard, PyObject* name, const Status& refusal,
              const Subject& subject) {
  SIGNEDVFS_TRY(note_refusal(guard, name, refusal, subject));
  set_status(home, refusal, Activity::kVerifying, subject);
  return python_error();
}

// find_spec_in goes through everything that may supply a module; None: nowhere.
Result<PyRef> find_spec_in(Interpreter& home, const std::shared_ptr<Guard>& asked, PyObject* self,
                           PyObject* name, PyObject* path, PyObject* target) {
  Guard& guard = *asked;
  SIGNEDVFS_ASSIGN(PyRef part_of_python, find_in_python(guard, name));
  if (part_of_python.get() != Py_None) return part_of_python;
  SIGNEDVFS_ASSIGN(const PyRef entries, entries_of(path));
  SIGNEDVFS_ASSIGN(const auto guards, all_guards(home, asked));
  SIGNEDVFS_ASSIGN(Finding found, find_signed(home, guards, name, entries.get()));
  const ImportSystem& system = guard.importer->system;
  if (found.kind == Finding::Kind::kSpec) return std::move(found.spec);
  if (found.kind == Finding::Kind::kNowhere) {
    SIGNEDVFS_ASSIGN(PyRef made, find_made(home, guard, name, path, target));
    if (made.get() != Py_None) return made;
  }
  if (guard.mode != Mode::kEnforce) {
    const bool has_portions = found.kind == Finding::Kind::kPortions;
    const PyRef portions = PyRef::borrow(found.portions.get());
    SIGNEDVFS_ASSIGN(PyRef spec, let_through(guard, self, name, path, target, std::move(found)));
    if (!has_portions || spec.get() != Py_None) return spec;
    return namespace_spec(system, self, name, portions.get());
  }
  if (found.kind == Finding::Kind::kPortions) {
    return namespace_spec(system, self, name, found.portions.get());
  }
  if (found.kind == Finding::Kind::kRefused) {
    return refuse(home, guard, name, found.refusal, found.subject);
  }
  Subject subject;
  const Status is_unsigned = find_unsigned_in(home, guard, name, entries.get(), subject);
  if (is_unsigned.code() == Errc::kPython) return is_unsigned;
  if (!is_unsigned.ok()) return refuse(home, guard, name, is_unsigned, subject);
  return PyRef::borrow(Py_None);
}

// require_locked makes sure that those that were locked are among the guards that are `there`.
Status require_locked(Guards& guards, const std::vector<const Guard*>& there) {
  const std::scoped_lock lock(guards.locked_mutex);
  const bool all = std::all_of(guards.locked.begin(), guards.locked.end(), [&](const Guard* one) {
    return std::find(there.begin(), there.end(), one) != there.end();
  });
  if (all) return {};
  return Status(Errc::kShadowed, "a SignedImportManager that was locked is not installed any more")
      .advising("Something has reached into the interpreter to remove it: find out what.");
}

}  // namespace

Result<PyRef> answer_import(Interpreter& home, const std::shared_ptr<Guard>& asked, PyObject* self,
                            PyObject* name, PyObject* path, PyObject* target) {
  const Guard& guard = *asked;
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name, "fullname"));
  SIGNEDVFS_TRY(close_new_side_doors(home));
  if (std::optional<std::string> canonical = guard.aliases.canonical(dotted)) {
    return alias_spec(home, guard.importer->system, name, *std::move(canonical));
  }
  SIGNEDVFS_ASSIGN(PyRef spec, find_spec_in(home, asked, self, name, path, target));
  if (spec.get() == Py_None) return spec;
  return watch_import(self, name, path, target, std::move(spec));
}

Result<PyRef> answer_portions(Interpreter& home, const std::shared_ptr<Guard>& asked,
                              PyObject* self, PyObject* name, PyObject* path) {
  SIGNEDVFS_ASSIGN(const PyRef entries, entries_of(path));
  SIGNEDVFS_ASSIGN(const auto guards, all_guards(home, asked));
  SIGNEDVFS_ASSIGN(Finding found, find_signed(home, guards, name, entries.get()));
  if (found.kind != Finding::Kind::kPortions) return PyRef::borrow(Py_None);
  return namespace_spec(asked->importer->system, self, name, found.portions.get());
}

Result<PyRef> enforcing_managers(const Interpreter& home) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyList_New(0)));
  if (!home.guards) return out;
  std::vector<const Guard*> there;
  for (Py_ssize_t i = 0;; ++i) {
    const PyRef manager = item_at(home.guards->installed.get(), i);
    if (!manager) break;
    const Manager* const value = manager_in(home, manager.get());
    if (value == nullptr || !value->guard->is_installed) continue;
    there.push_back(value->guard.get());
    if (value->guard->mode != Mode::kEnforce) continue;
    if (PyList_Append(out.get(), manager.get()) < 0) return python_error();
  }
  SIGNEDVFS_TRY(require_locked(*home.guards, there));
  return out;
}

}  // namespace signedvfs
