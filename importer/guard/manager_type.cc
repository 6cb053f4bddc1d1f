#include "importer/guard/manager_type.h"

#include <array>
#include <memory>
#include <utility>

#include "importer/guard/alias_loader.h"
#include "importer/guard/answering.h"
#include "importer/guard/construction.h"
#include "importer/guard/finding.h"
#include "importer/guard/guarded_list.h"
#include "importer/guard/installing.h"
#include "importer/python/convert.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"

namespace signedvfs {
namespace {

Interpreter& home_of_manager(PyObject* self) noexcept { return *holder_of<Manager>(self)->home; }

// with_guard calls `use` with the interpreter and the guard of `self`.
template <class Use>
PyObject* with_guard(PyObject* self, Use&& use) {
  const Manager* const manager = value_in<Manager>(self);
  if (manager == nullptr) return nullptr;
  const std::shared_ptr<Guard> guard = manager->guard;  // whoever is called may drop the object
  if constexpr (requires { use(home_of_manager(self), guard); }) {
    return std::forward<Use>(use)(home_of_manager(self), guard);
  } else {
    return std::forward<Use>(use)(home_of_manager(self), *guard);
  }
}

PyObject* new_manager(PyTypeObject* type, PyObject* /*positional*/, PyObject* /*named*/) {
  Interpreter* const home = home_of(type);
  return home == nullptr ? nullptr : new_holder<Manager>(type, home).release();
}

int init_manager(PyObject* self, PyObject* positional, PyObject* named) {
  return at_edge(
      [&] {
        static constexpr Parameters<12> kParameters{
            "SignedImportManager",
            0,
            {"keys", "policy", "limits", "mode", "trust_stdlib_paths", "module_aliases",
             "virtual_files", "check_modules", "lockdown", "manifests", "stdlib",
             "virtual_modules"}};
        std::array<PyObject*, 12> in;
        if (PyTuple_GET_SIZE(positional) > 1) {
          PyErr_Format(PyExc_TypeError,
                       "SignedImportManager() takes at most 1 positional argument (%zd given)",
                       PyTuple_GET_SIZE(positional));
          return -1;
        }
        if (!kParameters.read(positional, named, in)) return -1;
        Holder<Manager>& holder = *holder_of<Manager>(self);
        if (!is_alive(holder)) return -1;
        Result<std::shared_ptr<Guard>> guard = make_guard(
            *holder.home,
            {in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7], in[8], in[9], in[10], in[11]});
        if (!guard.ok()) {
          set_status(*holder.home, guard.status(), Activity::kTool);
          return -1;
        }
        return put_value(self, Manager{std::move(guard).value()});
      },
      -1);
}

PyObject* find_guarded_spec(PyObject* self, const Arguments& given) {
  static constexpr Parameters<3> kParameters{"find_spec", 1, {"fullname", "path", "target"}};
  std::array<PyObject*, 3> in;
  if (!kParameters.read(given, in)) return nullptr;
  const auto or_none = [](PyObject* object) { return object == nullptr ? Py_None : object; };
  return with_guard(self, [&](Interpreter& home, const std::shared_ptr<Guard>& guard) {
    return answer(home, answer_import(home, guard, self, in[0], or_none(in[1]), or_none(in[2])),
                  Activity::kVerifying);
  });
}

PyObject* portions(PyObject* self, const Arguments& given) {
  static constexpr Parameters<2> kParameters{"_portions", 2, {"fullname", "path"}};
  std::array<PyObject*, 2> in;
  if (!kParameters.read(given, in)) return nullptr;
  return with_guard(self, [&](Interpreter& home, const std::shared_ptr<Guard>& guard) {
    return answer(home, answer_portions(home, guard, self, in[0], in[1]), Activity::kVerifying);
  });
}

// find_distributions leaves metadata to the function that always finds it: what lies in archives it
// asks us for (importer/doors).
PyObject* find_distributions(PyObject* self, PyObject* positional, PyObject* named) {
  return at_edge(
      [&]() -> PyObject* {
        return with_guard(self, [&](Interpreter& home, Guard& guard) -> PyObject* {
          PyObject* const finder = guard.importer->system.standard_finders.back().type.get();
          const Result<PyRef> find = owned(PyObject_GetAttrString(finder, "find_distributions"));
          if (!find.ok()) return raised(home, find.status(), Activity::kTool);
          return PyObject_Call(find->get(), positional, named);
        });
      },
      static_cast<PyObject*>(nullptr));
}

Status look_again(Interpreter& home, Guard& guard) {
  SIGNEDVFS_TRY(forget_found(home, guard));
  if (guard.mode != Mode::kEnforce) return {};
  // Whoever goes through sys.meta_path to tell all finders meets only the managers.
  PyObject* const finder = guard.importer->system.standard_finders.back().type.get();
  const Result<PyRef> told = owned(PyObject_CallMethod(finder, "invalidate_caches", nullptr));
  return told.ok() ? Status() : told.status();
}

PyObject* invalidate_guarded(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) {
    return none(home, look_again(home, guard), Activity::kTool);
  });
}

PyObject* install_now(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) {
    return none(home, install(home, guard, self), Activity::kTool);
  });
}

PyObject* uninstall_now(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) {
    return none(home, uninstall(home, guard, self), Activity::kTool);
  });
}

PyObject* lock(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) -> PyObject* {
    if (!guard.is_installed) {
      PyErr_SetString(PyExc_RuntimeError, "only a manager that is installed can be locked");
      return nullptr;
    }
    lock_in_place(home, guard);
    Py_RETURN_NONE;
  });
}

PyObject* add_valid_key(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"add_valid_key", 1, {"key"}};
  std::array<PyObject*, 1> in;
  if (!kParameters.read(given, in)) return nullptr;
  return with_guard(self, [&](Interpreter& home, Guard& guard) {
    const Status open = refuse_if_locked(guard, "it trusts no further key");
    return none(home, open.ok() ? add_key(home, guard, in[0]) : open, Activity::kTool);
  });
}

Result<PyRef> report_of(Interpreter& home, const Guard& guard) {
  SIGNEDVFS_ASSIGN(const PyRef fingerprints, fingerprints_of(home, guard));
  SIGNEDVFS_ASSIGN(const PyRef entries, guard.report.entries());
  const auto truth = [](bool is_true) { return is_true ? Py_True : Py_False; };
  return owned(Py_BuildValue(
      "{sssOsOsOsOsOsOsK}", "mode", mode_name(guard.mode), "installed", truth(guard.is_installed),
      "locked", truth(guard.is_locked), "lockdown", truth(guard.locks_down), "trust_stdlib_paths",
      truth(guard.trusts_library_paths), "keys", fingerprints.get(), "refused", entries.get(),
      "not_recorded", static_cast<unsigned long long>(guard.report.not_recorded())));
}

PyObject* report(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) {
    return answer(home, report_of(home, guard), Activity::kTool);
  });
}

PyObject* report_text(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) {
    return answer(home, guard.report.text(mode_name(guard.mode)), Activity::kTool);
  });
}

PyObject* valid_keys(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) {
    return answer(home, keys_of(home, guard), Activity::kTool);
  });
}

PyObject* policy(PyObject* self) {
  return with_guard(self, [&](Interpreter& /*home*/, Guard& guard) -> PyObject* {
    return guard.trust->policy().release();
  });
}

PyObject* limits(PyObject* self) {
  return with_guard(self, [&](Interpreter& /*home*/, Guard& guard) -> PyObject* {
    return guard.trust->limits().release();
  });
}

PyObject* mode(PyObject* self) {
  return with_guard(self, [&](Interpreter& /*home*/, Guard& guard) {
    return PyUnicode_FromString(mode_name(guard.mode));
  });
}

PyObject* is_installed(PyObject* self) {
  return with_guard(self, [&](Interpreter& /*home*/, Guard& guard) {
    return PyBool_FromLong(guard.is_installed ? 1 : 0);
  });
}

PyObject* is_locked(PyObject* self) {
  return with_guard(self, [&](Interpreter& /*home*/, Guard& guard) {
    return PyBool_FromLong(guard.is_locked ? 1 : 0);
  });
}

Result<PyRef> aliases_of(const Guard& guard) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyDict_New()));
  for (const auto& [alias, name] : guard.aliases.all()) {
    SIGNEDVFS_ASSIGN(const PyRef key, text_of_utf8(alias));
    SIGNEDVFS_ASSIGN(const PyRef value, text_of_utf8(name));
    if (PyDict_SetItem(out.get(), key.get(), value.get()) < 0) return python_error();
  }
  return out;
}

PyObject* module_aliases(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) {
    return answer(home, aliases_of(guard), Activity::kTool);
  });
}

PyObject* own_hook(PyObject* self) {
  return with_guard(self, [&](Interpreter& /*home*/, Guard& guard) {
    return PyRef::borrow(guard.hook.get()).release();
  });
}

// arguments_of returns what another process makes an equal manager of.
PyObject* arguments_of(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) -> PyObject* {
    const Result<PyRef> aliases = aliases_of(guard);
    if (!aliases.ok()) return raised(home, aliases.status(), Activity::kTool);
    const Result<PyRef> made = text_list(guard.made_modules);
    if (!made.ok()) return raised(home, made.status(), Activity::kTool);
    const auto truth = [](bool is_true) { return is_true ? Py_True : Py_False; };
    // What a child has loaded by then it was started with, to be told of its parent.
    return Py_BuildValue("{sOsOsOsOsOsOsOsssOsOsO}", "check_modules", Py_False, "virtual_modules",
                         made->get(), "manifests", guard.manifests.get(), "stdlib",
                         guard.stdlib.get(), "lockdown", truth(guard.locks_down), "policy",
                         guard.trust->policy().get(), "limits", guard.trust->limits().get(), "mode",
                         mode_name(guard.mode), "trust_stdlib_paths",
                         truth(guard.trusts_library_paths), "module_aliases", aliases->get(),
                         "virtual_files", truth(guard.opens_files));
  });
}

PyObject* installed_managers(PyObject* module) {
  Interpreter* const home = living_home(module);
  return home == nullptr ? nullptr : PySequence_List(home->guards->installed.get());
}

PyObject* show_manager(PyObject* self) {
  return with_guard(self, [&](Interpreter& home, Guard& guard) -> PyObject* {
    const Result<PyRef> keys = keys_of(home, guard);
    if (!keys.ok()) return raised(home, keys.status(), Activity::kTool);
    return PyUnicode_FromFormat("<signedvfs.SignedImportManager, mode %s, %zd keys%s%s>",
                                mode_name(guard.mode), PyTuple_GET_SIZE(keys->get()),
                                guard.is_installed ? ", installed" : "",
                                guard.is_locked ? ", locked" : "");
  });
}

PyMethodDef manager_methods[] = {
    method_of<&install_now>(
        "install",
        "install($self)\n--\n\n"
        "Answer for every import of the process from now on.\n\n"
        "Where it does already it is put in front of other managers. Raises RuntimeError where\n"
        "another manager has been locked."),
    method_of<&install_now>("reinstall", "reinstall($self)\n--\n\nDo what `install` does."),
    method_of<&uninstall_now>("uninstall",
                              "uninstall($self)\n--\n\n"
                              "Undo `install`. Raises RuntimeError after `lock`."),
    method_of<&lock>("lock",
                     "lock($self)\n--\n\n"
                     "Let nobody change it any more: no key is added, it is not uninstalled, and "
                     "no other\nmanager is installed beside it. Raises RuntimeError where it is "
                     "not installed."),
    method_of<&add_valid_key>(
        "add_valid_key",
        "add_valid_key($self, key)\n--\n\n"
        "Trust one more key. What was refused for want of it is asked about again; whatever was\n"
        "refused for another reason stays refused. Raises RuntimeError after `lock`."),
    method_of<&find_guarded_spec>("find_spec",
                                  "find_spec($self, fullname, path=None, target=None)\n--\n\n"
                                  "Return the spec of a module, or None where it is nowhere.\n\n"
                                  "Raises IntegrityCheckError where it is, and is not signed."),
    PyMethodDef{"find_distributions",
                reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&find_distributions)),
                METH_VARARGS | METH_KEYWORDS,
                "find_distributions($self, *args, **kwargs)\n--\n\n"
                "Find metadata of packages, for importlib.metadata."},
    method_of<&invalidate_guarded>("invalidate_caches",
                                   "invalidate_caches($self)\n--\n\n"
                                   "Look at the next use what stands at the paths now."),
    method_of<&portions>("_portions",
                         "_portions($self, fullname, path)\n--\n\n"
                         "Return a spec with a namespace package's signed portions, or None."),
    method_of<&arguments_of>("_arguments",
                             "_arguments($self)\n--\n\n"
                             "Return what a child process makes its manager of, fit for pickle."),
    method_of<&report>(
        "report",
        "report($self)\n--\n\n"
        "Return what was refused, or would have been, as a dict that is fit for JSON.\n\n"
        "`refused` lists dicts with `module`, `code`, `reason`, `path` and `count`."),
    method_of<&report_text>("report_text",
                            "report_text($self)\n--\n\nReturn the same for people, as str."),
    method_of<&not_pickled>("__reduce__", nullptr),
    {}};

PyGetSetDef manager_properties[] = {
    getter_of<&valid_keys>("valid_keys", "The keys that count, as a tuple."),
    getter_of<&policy>("policy", "The TrustPolicy in force, with the keys in it."),
    getter_of<&limits>("limits", "The limits that were given, or None for the defaults."),
    getter_of<&mode>("mode", "'enforce', 'warn' or 'audit'."),
    getter_of<&is_installed>("installed", "Whether it answers for imports."),
    getter_of<&is_locked>("locked", "Whether `lock` has been called."),
    getter_of<&own_hook>("_hook", "What stands in sys.path_hooks while it enforces."),
    getter_of<&module_aliases>("module_aliases", "The aliases that were given, as a new dict."),
    {}};

PyMemberDef manager_members[] = {kWeakMember, {}};

PyType_Slot manager_slots[] = {
    slot(
        Py_tp_doc,
        "SignedImportManager(keys=(), *, policy=None, limits=None, mode='enforce', "
        "trust_stdlib_paths=False, module_aliases=None, virtual_files=True, "
        "check_modules=None, lockdown=False, manifests=(), stdlib=None, "
        "virtual_modules=())\n--\n\n"
        "Has every import of the process answer to a signed manifest.\n\n"
        "Built-in and frozen modules pass as part of the executable. Everything else has to be a\n"
        "listed, verified member of a signed archive or directory, wherever sys.path or a "
        "package's\n`__path__` points, or the import raises IntegrityCheckError.\n\n"
        "keys: the public keys that count, beside those of `policy`.\n"
        "policy: a TrustPolicy; None: one of `keys` alone. What `trust` and `set_policy` say is "
        "for\nhooks, and changes nothing here.\n"
        "limits: Limits to open with; None: the defaults.\n"
        "mode: 'enforce'; or 'warn' and 'audit', which refuse nothing and report what 'enforce'\n"
        "would refuse, with and without a RuntimeWarning.\n"
        "trust_stdlib_paths: import the interpreter's own library from where it stands, signed or "
        "not.\nThat is weaker: who can write there decides what runs.\n"
        "module_aliases: a mapping of names to the names of the modules that they stand for.\n"
        "virtual_files: have paths below what is signed answer `open` and its kin, as "
        "`open_doors`\ndoes.\n"
        "check_modules: what may be loaded when it is installed, beside what is signed: names, "
        "each with\nwhat is below it; None: what each interpreter loads by itself; False: "
        "anything. Where another\nmodule is loaded, the process ends with status 126.\n"
        "lockdown: at `install`, lock the manager and the process: other ways to code that nobody "
        "has\nsigned are refused for good.\n"
        "manifests: detached manifests, as tuples of one and the directory that it was signed "
        "for, or of\none and its roots as `open_roots` takes them.\n"
        "stdlib: the detached manifest of this interpreter's library, as `sign_stdlib` makes it, "
        "or a\ntuple of it and the roots that `library_roots` returns. What its extension modules "
        "need of the\nsystem, they get.\n"
        "virtual_modules: modules that are made of no file by finders which signed code puts into\n"
        "sys.meta_path, such as 'six.moves', each with what is below it.\n\n"
        "Raises ValueError where these make no sense together."),
    slot(Py_tp_new, &constructor<&new_manager>),
    slot(Py_tp_init, &init_manager),
    slot(Py_tp_dealloc, &free_holder<Manager>),
    slot(Py_tp_traverse, &traverse_holder<Manager>),
    slot(Py_tp_clear, &clear_holder<Manager>),
    slot(Py_tp_repr, &plain<&show_manager>),
    slot(Py_tp_methods, manager_methods),
    slot(Py_tp_getset, manager_properties),
    slot(Py_tp_members, manager_members),
    {}};

PyType_Spec manager_spec{
    "signedvfs.SignedImportManager", sizeof(Holder<Manager>), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | kImmutableType, manager_slots};

}  // namespace

const Manager* manager_in(const Interpreter& home, PyObject* object) noexcept {
  if (PyObject_TypeCheck(object, Interpreter::type(home.types.manager)) == 0) return nullptr;
  const auto& value = holder_of<Manager>(object)->value;
  return value ? &*value : nullptr;
}

Status add_manager_type(Interpreter& home) {
  return add_type(home, manager_spec, home.types.manager);
}

Status add_guard(Interpreter& home) {
  static std::array functions{
      method_of<&installed_managers>("_installed_managers",
                                     "_installed_managers($module)\n--\n\n"
                                     "Return a list of the managers that are installed, the first "
                                     "one first."),
      PyMethodDef{}};
  if (PyModule_AddFunctions(home.module, functions.data()) < 0) return python_error();
  home.guards = std::make_shared<Guards>();
  SIGNEDVFS_ASSIGN(home.guards->installed, owned(PyList_New(0)));
  SIGNEDVFS_TRY(add_alias_loader(home));
  SIGNEDVFS_TRY(add_guarded_list(home));
  return add_manager_type(home);
}

int traverse_guards(const Guards& guards, visitproc visit, void* arg) {
  Py_VISIT(guards.installed.get());
  return 0;
}

}  // namespace signedvfs
