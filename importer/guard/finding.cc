#include "importer/guard/finding.h"

#include <optional>
#include <utility>

#include "importer/finders/finder_type.h"
#include "importer/finders/query.h"
#include "importer/guard/trusted_paths.h"
#include "importer/guard/unsigned_files.h"
#include "importer/paths/text.h"

namespace signedvfs {
namespace {

// keep_submodules has the directory of a package answered by the archive that the package is from.
Status keep_submodules(Interpreter& home, const Guard& guard, const Finder& finder,
                       Location location) {
  const std::string inside = location.prefix.substr(0, location.prefix.size() - 1);
  SIGNEDVFS_ASSIGN(const PyRef path, finder.search_path_of(inside));
  SIGNEDVFS_ASSIGN(const PyRef known, item_of(guard.finders.get(), path.get()));
  if (known && known.get() != Py_None) return {};
  SIGNEDVFS_ASSIGN(const PyRef ours,
                   finder_object(home, Finder(finder.shared_state(), std::move(location))));
  if (PyDict_SetItem(guard.finders.get(), path.get(), ours.get()) < 0) return python_error();
  return {};
}

Finding refused(Status refusal, const Finder& finder, const std::string& member) {
  Finding out;
  out.kind = Finding::Kind::kRefused;
  out.refusal = std::move(refusal);
  out.subject.path = finder.location().archive;
  if (!member.empty()) out.subject.member = member;
  return out;
}

// Here is what one manager says of one entry of the path.
struct Here {
  enum class Kind : std::uint8_t {
    kNobodys,  // nobody has signed anything there
    kNothing,  // what is there has no such module, and could not have been meant to
    kFound,    // `spec` is one of a module, or of a portion
    kRefused,  // what is there is refused, and has the module, or had, or is said to
    kUnknown,  // what is there is refused, and nobody can tell what it held
  };
  Kind kind = Kind::kNobodys;
  PyRef spec;
  Finding refused = {};
};

// tail_of returns the last part of a dotted name, as manifests spell it.
Result<std::string> tail_of(PyObject* name) {
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name));
  return dotted.substr(dotted.rfind('.') + 1);
}

Here refused_here(Here::Kind kind, Status refusal, const Finder& finder,
                  const std::string& member) {
  Here out;
  out.kind = kind;
  out.refused = refused(std::move(refusal), finder, member);
  return out;
}

// look_in asks one finder of ours, which `object` is for Python.
Result<Here> look_in(Interpreter& home, const Guard& guard, PyObject* object, PyObject* name) {
  const Finder* const finder = value_in<Finder>(object);
  if (finder == nullptr) return python_error();
  Result<ModuleQuery> query = ModuleQuery::search(*finder, name);
  if (query.code() == Errc::kPython) return query.status();
  if (!query.ok()) {
    SIGNEDVFS_ASSIGN(const std::string tail, tail_of(name));
    const Meaning meaning = finder->meaning_of(finder->location().prefix + tail);
    const auto kind = meaning == Meaning::kUnknown ? Here::Kind::kUnknown : Here::Kind::kRefused;
    return refused_here(kind, query.status(), *finder, {});
  }
  Here out;
  out.kind = Here::Kind::kNothing;
  Result<PyRef> spec = query->spec(object);
  if (spec.code() == Errc::kPython) return spec.status();
  if (!spec.ok()) {
    return refused_here(Here::Kind::kRefused, spec.status(), *finder, query->member());
  }
  if (spec->get() == Py_None) return out;
  if (std::optional<Location> below = query->submodules()) {
    SIGNEDVFS_TRY(keep_submodules(home, guard, *finder, *std::move(below)));
  }
  out.kind = Here::Kind::kFound;
  out.spec = std::move(spec).value();
  return out;
}

// Search is one question, while it goes along the path.
class Search {
 public:
  Search(Interpreter& home, const std::vector<std::shared_ptr<Guard>>& guards, PyObject* name)
      : home_(home), guards_(guards), name_(name) {}

  Result<Finding> through(PyObject* entries) {
    for (Py_ssize_t i = 0;; ++i) {
      const PyRef entry = item_at(entries, i);
      if (!entry) break;
      if (PyUnicode_Check(entry.get()) == 0) continue;
      SIGNEDVFS_ASSIGN(Finding found, in(entry.get()));
      if (found.kind != Finding::Kind::kNowhere) return found;
    }
    if (unknown_) return *std::move(unknown_);
    Finding out;
    if (portions_) {
      out.kind = Finding::Kind::kPortions;
      out.portions = std::move(portions_);
    }
    return out;
  }

 private:
  Result<Finding> in(PyObject* entry) {
    SIGNEDVFS_ASSIGN(Here here, ask_all(entry));
    Finding out;
    switch (here.kind) {
      case Here::Kind::kNothing:
        return out;
      case Here::Kind::kRefused:
        return std::move(here.refused);
      case Here::Kind::kUnknown:
        // It could have been anything. What is trusted by its path may still be found behind it:
        // to print a traceback takes imports.
        if (!unknown_) unknown_ = std::move(here.refused);
        return out;
      case Here::Kind::kFound:
        return accept(std::move(here.spec));
      case Here::Kind::kNobodys:
        break;
    }
    for (const std::shared_ptr<Guard>& guard : guards_) {
      SIGNEDVFS_ASSIGN(out.spec, find_by_path(home_, *guard, name_, entry));
      if (out.spec.get() == Py_None) continue;
      out.kind = Finding::Kind::kSpec;
      return out;
    }
    return out;
  }

  // ask_all asks every manager. What one of them vouches for is signed, and what it does not list
  // is not there; of refusals that of tampering says more than that of an unknown signer.
  Result<Here> ask_all(PyObject* entry) {
    Here out;
    for (const std::shared_ptr<Guard>& guard : guards_) {
      SIGNEDVFS_ASSIGN(const PyRef object, finder_in_place(home_, *guard, entry));
      if (object.get() == Py_None) continue;
      SIGNEDVFS_ASSIGN(Here here, look_in(home_, *guard, object.get(), name_));
      if (here.kind == Here::Kind::kFound || here.kind == Here::Kind::kNothing) return here;
      const bool says_more = out.refused.refusal.code() == Errc::kNoTrustedKey;
      if (out.kind == Here::Kind::kNobodys || says_more) out = std::move(here);
    }
    return out;
  }

  Result<Finding> accept(PyRef spec) {
    Finding out;
    if (unknown_) return out;  // nothing from another archive in the place of what is refused
    const ImportSystem& system = guards_.front()->importer->system;
    SIGNEDVFS_ASSIGN(const PyRef loader, owned(PyObject_GetAttr(spec.get(), system.loader.get())));
    if (loader.get() != Py_None) {
      out.kind = Finding::Kind::kSpec;
      out.spec = std::move(spec);
      return out;
    }
    SIGNEDVFS_ASSIGN(const PyRef locations,
                     owned(PyObject_GetAttr(spec.get(), system.locations.get())));
    if (!portions_) {
      SIGNEDVFS_ASSIGN(portions_, owned(PySequence_List(locations.get())));
      return out;
    }
    const Py_ssize_t end = PyList_GET_SIZE(portions_.get());
    if (PyList_SetSlice(portions_.get(), end, end, locations.get()) < 0) return python_error();
    return out;
  }

  Interpreter& home_;
  const std::vector<std::shared_ptr<Guard>>& guards_;
  PyObject* name_;
  PyRef portions_;
  std::optional<Finding> unknown_;
};

// file_tail_of returns the last part of a dotted name in the file system's bytes; empty: it has
// none.
Result<std::string> file_tail_of(PyObject* name) {
  const PyRef bytes = PyRef::steal(PyUnicode_EncodeFSDefault(name));
  if (!bytes) {
    PyErr_Clear();
    return std::string();
  }
  const std::string_view text(PyBytes_AS_STRING(bytes.get()),
                              static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())));
  return std::string(text.substr(text.rfind('.') + 1));
}

}  // namespace

Result<PyRef> finder_in_place(Interpreter& home, const Guard& guard, PyObject* entry) {
  // "" is the current directory, wherever that is by now.
  const bool is_kept = PyUnicode_CheckExact(entry) != 0 && PyUnicode_GetLength(entry) > 0;
  if (is_kept) {
    SIGNEDVFS_ASSIGN(PyRef known, item_of(guard.finders.get(), entry));
    if (known) return known;
  }
  Result<std::optional<Finder>> claimed = claim_by(guard.importer, entry);
  if (!claimed.ok()) return std::move(claimed).status();
  if (!*claimed) {
    if (is_kept && PyDict_SetItem(guard.finders.get(), entry, Py_None) < 0) return python_error();
    return PyRef::borrow(Py_None);
  }
  const bool is_decided = (*claimed)->location().trouble.ok();
  SIGNEDVFS_ASSIGN(PyRef finder, finder_object(home, **std::move(claimed)));
  if (is_kept && is_decided && PyDict_SetItem(guard.finders.get(), entry, finder.get()) < 0) {
    return python_error();
  }
  return finder;
}

Result<PyRef> find_in_python(const Guard& guard, PyObject* name) {
  const ImportSystem& system = guard.importer->system;
  const int is_builtin = PySet_Contains(system.builtin_names.get(), name);
  if (is_builtin < 0) return python_error();
  PyObject* const arguments[] = {name};
  const PyRef is_frozen =
      is_builtin != 0
          ? PyRef()
          : PyRef::steal(PyObject_Vectorcall(system.is_frozen.get(), arguments, 1, nullptr));
  if (is_builtin == 0 && !is_frozen) return python_error();
  if (is_builtin == 0 && is_frozen.get() != Py_True) return PyRef::borrow(Py_None);
  PyObject* const finder = system.standard_finders[is_builtin != 0 ? 0 : 1].type.get();
  return owned(PyObject_CallMethodObjArgs(finder, system.find_spec.get(), name, nullptr));
}

Result<Finding> find_signed(Interpreter& home, const std::vector<std::shared_ptr<Guard>>& guards,
                            PyObject* name, PyObject* entries) {
  return Search(home, guards, name).through(entries);
}

Status find_unsigned_in(Interpreter& home, Guard& guard, PyObject* name, PyObject* entries,
                        Subject& subject) {
  SIGNEDVFS_ASSIGN(const std::string tail, file_tail_of(name));
  for (Py_ssize_t i = 0;; ++i) {
    const PyRef entry = item_at(entries, i);
    if (!entry) return {};
    if (PyUnicode_Check(entry.get()) == 0) continue;
    SIGNEDVFS_ASSIGN(const PyRef finder, finder_in_place(home, guard, entry.get()));
    if (finder.get() != Py_None) continue;
    const PyRef bytes = PyRef::steal(PyUnicode_EncodeFSDefault(entry.get()));
    if (!bytes) PyErr_Clear();  // names nothing
    if (!bytes) continue;
    const Result<std::string> directory = absolute_path(std::string_view(
        PyBytes_AS_STRING(bytes.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()))));
    if (!directory.ok()) continue;
    const std::optional<std::string> path = without_gil(
        [&] { return find_unsigned(*directory, tail, guard.importer->module_suffixes); });
    if (!path) continue;
    subject.path = *path;
    SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name));
    return Status(Errc::kNoManifest, "the module " + in_quotes(dotted) + " is at " +
                                         in_quotes(*path) + ", which nobody has signed")
        .advising(
            "If it belongs to the program, sign the directory that it is in with 'signedvfs "
            "sign'; otherwise take it off the path.");
  }
}

Status forget_found(Interpreter& home, Guard& guard) {
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PyDict_Items(guard.finders.get())));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* const item = PyList_GET_ITEM(items.get(), i);
    const Finder* const finder = finder_in(home, PyTuple_GET_ITEM(item, 1));
    if (finder != nullptr) {
      SIGNEDVFS_TRY(finder->invalidate_caches());
    } else if (PyDict_DelItem(guard.finders.get(), PyTuple_GET_ITEM(item, 0)) < 0) {
      PyErr_Clear();  // another thread was faster
    }
  }
  PyDict_Clear(guard.by_path.get());
  return {};
}

}  // namespace signedvfs
