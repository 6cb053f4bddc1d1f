#include "importer/finders/hook_type.h"

#include <array>
#include <functional>
#include <optional>
#include <utility>

#include "importer/finders/finder_type.h"
#include "importer/finders/handover.h"
#include "importer/finders/hook_making.h"
#include "importer/finders/path_hook.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

Interpreter& home_of_hook(PyObject* self) noexcept { return *holder_of<PathHook>(self)->home; }

Status purge(Interpreter& home, const PathHook& hook) {
  return purge_importer_cache(*hook.state, Interpreter::type(home.types.finder));
}

// claimed returns the finder for `path`, which the hook is called with.
Result<PyRef> claimed(Interpreter& home, const PathHook& hook, PyObject* path) {
  if (!hook.state->hook_used.exchange(true)) SIGNEDVFS_TRY(purge(home, hook));
  SIGNEDVFS_TRY(begin_use(home));
  // A manager's hook has the finders of the manager, whatever other hooks there are.
  const bool is_over_all = hook.state == home.importers->over_all;
  SIGNEDVFS_ASSIGN(std::optional<Finder> finder,
                   is_over_all ? claim_for(home, path) : claim_by(hook.state, path));
  if (!finder) return not_ours(path, "no path of signedvfs");
  return finder_object(home, *std::move(finder));
}

PyObject* call_hook(PyObject* self, PyObject* positional, PyObject* named) {
  return at_edge(
      [&]() -> PyObject* {
        static constexpr Parameters<1> kParameters{"PathHook", 1, {"path"}};
        std::array<PyObject*, 1> arguments;
        if (!kParameters.read(positional, named, arguments)) return nullptr;
        const PathHook* const hook = value_in<PathHook>(self);
        if (hook == nullptr) return nullptr;
        Interpreter& home = home_of_hook(self);
        return answer(home, claimed(home, *hook, arguments[0]), Activity::kTool);
      },
      static_cast<PyObject*>(nullptr));
}

PyObject* new_hook(PyTypeObject* type, PyObject* /*positional*/, PyObject* /*named*/) {
  Interpreter* const home = home_of(type);
  return home == nullptr ? nullptr : new_holder<PathHook>(type, home).release();
}

Status begin(Interpreter& home, const PathHook& hook) {
  SIGNEDVFS_TRY(purge(home, hook));
  return begin_use(home);
}

int init_hook(PyObject* self, PyObject* positional, PyObject* named) {
  return at_edge(
      [&] {
        static constexpr Parameters<3> kParameters{"PathHook", 1, {"roots", "policy", "limits"}};
        std::array<PyObject*, 3> arguments;
        if (!kParameters.read(positional, named, arguments)) return -1;
        Holder<PathHook>& holder = *holder_of<PathHook>(self);
        if (!is_alive(holder)) return -1;
        const auto given_or_none = [&](std::size_t i) {
          return arguments[i] == nullptr ? Py_None : arguments[i];
        };
        Interpreter& home = *holder.home;
        Result<PathHook> made = make_hook(home, arguments[0], given_or_none(1), given_or_none(2));
        const Status begun = made.ok() ? begin(home, *made) : made.status();
        if (!begun.ok()) {
          set_status(home, begun, Activity::kTool);
          return -1;
        }
        return put_value(self, std::move(made).value());
      },
      -1);
}

PyObject* set_hook_policy(PyObject* self, const Arguments& given) {
  static constexpr Parameters<2> kParameters{"set_policy", 1, {"policy", "limits"}};
  std::array<PyObject*, 2> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  if (hook->state->leaves_nothing) {
    PyErr_SetString(PyExc_ValueError,
                    "the hook of a SignedImportManager goes by the manager's policy");
    return nullptr;
  }
  if (!hook->state->is_scoped()) {
    PyErr_SetString(PyExc_ValueError, "the hook over all archives goes by signedvfs.set_policy");
    return nullptr;
  }
  PyObject* const limits = arguments[1] == nullptr ? Py_None : arguments[1];
  Interpreter& home = home_of_hook(self);
  const Status checked = check_trust(home, arguments[0], limits);
  if (!checked.ok()) return raised(home, checked, Activity::kTool);
  hook->trust->replace(PyRef::borrow(arguments[0]), PyRef::borrow(limits));
  hook->state->registry.policy_changed(true);
  Py_RETURN_NONE;
}

// put_first puts the hook first, unless it, or one that is worth as much, is there with nothing but
// hooks of ours in front of it.
Status put_first(Interpreter& home, const PathHook& hook, PyObject* self) {
  const PyRef hooks = sys_object("path_hooks");
  if (!hooks || PyList_Check(hooks.get()) == 0) {
    PyErr_SetString(PyExc_RuntimeError, "sys.path_hooks is no list");
    return python_error();
  }
  std::optional<Py_ssize_t> present;
  bool is_behind_others = false;
  for (Py_ssize_t i = 0; !present; ++i) {
    const PyRef other = item_at(hooks.get(), i);
    if (!other) break;
    const PathHook* const ours = hook_in(home, other.get());
    if (ours != nullptr && ours->state == hook.state) present = i;
    is_behind_others = is_behind_others || ours == nullptr;
  }
  if (present && is_behind_others &&
      PyList_SetSlice(hooks.get(), *present, *present + 1, nullptr) < 0) {
    return python_error();
  }
  if ((!present || is_behind_others) && PyList_Insert(hooks.get(), 0, self) < 0) {
    return python_error();
  }
  return begin(home, hook);
}

PyObject* install(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  Interpreter& home = home_of_hook(self);
  return none(home, put_first(home, *hook, self), Activity::kTool);
}

PyObject* purge_now(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  Interpreter& home = home_of_hook(self);
  return none(home, purge(home, *hook), Activity::kTool);
}

PyObject* protect_path(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"protect", 1, {"path"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  if (hook->state->is_scoped()) {
    PyErr_SetString(PyExc_ValueError,
                    "a hook for given roots owns these and nothing else: make another one");
    return nullptr;
  }
  Interpreter& home = home_of_hook(self);
  const Status done = protect(*hook->state, arguments[0]);
  return none(home, done.ok() ? purge(home, *hook) : done, Activity::kTool);
}

PyObject* given_roots(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  if (!hook->state->is_scoped()) Py_RETURN_NONE;
  return answer(home_of_hook(self), roots_of(*hook->state), Activity::kTool);
}

PyObject* given_policy(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  if (hook->trust == nullptr) Py_RETURN_NONE;
  return hook->trust->policy().release();
}

PyObject* given_limits(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  if (hook->trust == nullptr) Py_RETURN_NONE;
  return hook->trust->limits().release();
}

Result<PyRef> list_protected(const PathHook& hook) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyList_New(0)));
  for (const Root& root : hook.state->registry.roots()) {
    SIGNEDVFS_ASSIGN(const PyRef path, text_of_path(root.absolute));
    if (PyList_Append(out.get(), path.get()) < 0) return python_error();
  }
  return out;
}

PyObject* protected_paths(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  return answer(home_of_hook(self), list_protected(*hook), Activity::kTool);
}

Result<PyRef> list_in_use(Interpreter& home, const PathHook& hook) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyList_New(0)));
  for (OpenedArchive& opened : hook.state->registry.in_use()) {
    SIGNEDVFS_ASSIGN(const PyRef vfs, vfs_object(home, std::move(opened.vfs)));
    if (PyList_Append(out.get(), vfs.get()) < 0) return python_error();
  }
  return out;
}

PyObject* archives_in_use(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  Interpreter& home = home_of_hook(self);
  return answer(home, list_in_use(home, *hook), Activity::kTool);
}

PyObject* remember(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  return answer(home_of_hook(self), remembered(*hook->state), Activity::kTool);
}

PyObject* recall_known(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"_recall", 1, {"known"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  return none(home_of_hook(self), recall(*hook->state, arguments[0]), Activity::kTool);
}

PyObject* show_hook(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  if (hook->state->leaves_nothing) {
    return PyUnicode_FromString("<path hook of a signedvfs.SignedImportManager>");
  }
  if (!hook->state->is_scoped()) return PyUnicode_FromString("<signedvfs.hook>");
  const Result<PyRef> roots = roots_of(*hook->state);
  if (!roots.ok()) return raised(home_of_hook(self), roots.status(), Activity::kTool);
  return PyUnicode_FromFormat("signedvfs.PathHook(roots=%R, policy=%R, limits=%R)", roots->get(),
                              hook->trust->policy().get(), hook->trust->limits().get());
}

PyObject* compare(PyObject* self, PyObject* other, int operation) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return nullptr;
  const PathHook* const others = hook_in(home_of_hook(self), other);
  if ((operation != Py_EQ && operation != Py_NE) || others == nullptr) Py_RETURN_NOTIMPLEMENTED;
  const bool is_same = others->state == hook->state;
  return PyBool_FromLong(is_same == (operation == Py_EQ) ? 1 : 0);
}

Py_hash_t hash_of(PyObject* self) {
  const PathHook* const hook = value_in<PathHook>(self);
  if (hook == nullptr) return -1;
  const auto hashed = static_cast<Py_hash_t>(std::hash<const void*>()(hook->state.get()));
  return hashed == -1 ? -2 : hashed;
}

PyMethodDef hook_methods[] = {
    method_of<&install>(
        "install",
        "install($self)\n--\n\n"
        "Put the hook first in sys.path_hooks, unless it is there already, behind no other's."),
    method_of<&purge_now>(
        "_purge", "_purge($self)\n--\n\nDrop what others have found at paths of ours before."),
    method_of<&set_hook_policy>(
        "set_policy",
        "set_policy($self, policy, limits=None)\n--\n\n"
        "Have a hook for given roots go by another policy from now on, as "
        "`signedvfs.set_policy`\n"
        "does for the hook over all archives: for a key that is revoked, or a new one."),
    method_of<&protect_path>(
        "protect",
        "protect($self, path)\n--\n\n"
        "Never leave `path`, or what lies below it, to another importer: also where nothing is\n"
        "there, or a directory whose manifest has been taken away. Both are refused."),
    method_of<&remember>(
        "_remembered",
        "_remembered($self)\n--\n\nReturn what children have to know, fit for pickle."),
    method_of<&recall_known>(
        "_recall", "_recall($self, known)\n--\n\nKnow what `_remembered` returned in the parent."),
    method_of<&not_pickled>("__reduce__", nullptr),
    {}};

PyGetSetDef hook_properties[] = {
    getter_of<&given_roots>("roots", "The absolute paths that the hook was made for, or None."),
    getter_of<&given_policy>("policy", "The policy that was given, or None for the one in force."),
    getter_of<&given_limits>("limits", "The limits that were given, or None for those in force."),
    getter_of<&protected_paths>("protected",
                                "The absolute paths that are ours for good: those given to "
                                "`protect`, and the\nsigned directories in use."),
    getter_of<&archives_in_use>(
        "in_use", "The signed archives and directories that have been opened, in no order."),
    {}};

PyMemberDef hook_members[] = {kWeakMember, {}};

PyType_Slot hook_slots[] = {
    slot(Py_tp_doc,
         "PathHook(roots, policy=None, limits=None)\n--\n\n"
         "An object for sys.path_hooks. `signedvfs.hook` is the one over whatever is an archive;\n"
         "PathHook(roots=[...]) makes one that owns what lies at or below the given paths, "
         "whatever it is,\nand leaves everything else alone.\n\n"
         "roots: paths, fixed now, of archives, signed directories, or directories into which "
         "archives\nare put. Such a directory supplies nothing itself.\n"
         "policy: a TrustPolicy; None: the one in force by `trust` and `set_policy`.\n"
         "limits: Limits to open with; None: those in force.\n\n"
         "What is refused below the roots refuses the modules that it could have been meant to "
         "supply,\n"
         "and not every import that gets past it. Hooks of the same roots and policy are worth "
         "the same;\nroots that overlap with another hook's raise ValueError."),
    slot(Py_tp_new, &constructor<&new_hook>),
    slot(Py_tp_init, &init_hook),
    slot(Py_tp_call, &call_hook),
    slot(Py_tp_dealloc, &free_holder<PathHook>),
    slot(Py_tp_traverse, &traverse_holder<PathHook>),
    slot(Py_tp_clear, &clear_holder<PathHook>),
    slot(Py_tp_repr, &plain<&show_hook>),
    slot(Py_tp_richcompare, &comparison<&compare>),
    slot(Py_tp_hash, &hash<&hash_of>),
    slot(Py_tp_methods, hook_methods),
    slot(Py_tp_getset, hook_properties),
    slot(Py_tp_members, hook_members),
    {}};

PyType_Spec hook_spec{"signedvfs.PathHook", sizeof(Holder<PathHook>), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, hook_slots};

}  // namespace

const PathHook* hook_in(const Interpreter& home, PyObject* object) noexcept {
  if (PyObject_TypeCheck(object, Interpreter::type(home.types.path_hook)) == 0) return nullptr;
  const auto& value = holder_of<PathHook>(object)->value;
  return value ? &*value : nullptr;
}

Status add_hook_type(Interpreter& home) { return add_type(home, hook_spec, home.types.path_hook); }

}  // namespace signedvfs
