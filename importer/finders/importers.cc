#include "importer/finders/importers.h"

#include <utility>

#include "importer/doors/side_doors.h"
#include "importer/finders/finder_type.h"
#include "importer/finders/functions.h"
#include "importer/finders/hook_type.h"
#include "importer/finders/meta_path_entry.h"
#include "importer/finders/path_hook.h"
#include "importer/python/heap_type.h"
#include "importer/values/values.h"

namespace signedvfs {

std::vector<PathHook> Importers::hooks() {
  const std::scoped_lock lock(mutex);
  std::erase_if(scoped, [](const Scoped& one) { return one.state.expired(); });
  std::vector<PathHook> out;
  for (const Scoped& one : scoped) {
    PathHook hook{one.state.lock(), one.trust.lock()};
    if (hook.state && hook.trust) out.push_back(std::move(hook));
  }
  return out;
}

Status begin_use(Interpreter& home) {
  SIGNEDVFS_TRY(close_side_doors(home));
  return enter_meta_path(home);
}

Result<PyRef> hooks_in_use(const Interpreter& home) {
  SIGNEDVFS_ASSIGN(const PyRef out, owned(PyList_New(0)));
  const PyRef hooks = sys_object("path_hooks");
  if (!hooks) return PyRef::borrow(out.get());
  SIGNEDVFS_ASSIGN(const PyRef all, owned(PySequence_List(hooks.get())));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i) {
    PyObject* const hook = PyList_GET_ITEM(all.get(), i);
    if (hook_in(home, hook) != nullptr && PyList_Append(out.get(), hook) < 0) {
      return python_error();
    }
  }
  return PyRef::borrow(out.get());
}

Result<std::optional<Finder>> claim_by(const std::shared_ptr<Importer>& state, PyObject* path) {
  Result<Location> location = claim(*state, path);
  if (location.ok()) return std::optional<Finder>(Finder(state, std::move(location).value()));
  if (location.code() == Errc::kNotFound) return std::optional<Finder>();
  return std::move(location).status();
}

Result<std::optional<Finder>> claim_for(Interpreter& home, PyObject* path) {
  SIGNEDVFS_ASSIGN(const PyRef hooks, hooks_in_use(home));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(hooks.get()); ++i) {
    const PathHook* const hook = hook_in(home, PyList_GET_ITEM(hooks.get(), i));
    if (hook == nullptr || !hook->state->is_scoped()) continue;
    SIGNEDVFS_ASSIGN(std::optional<Finder> finder, claim_by(hook->state, path));
    if (finder) return finder;
  }
  return claim_by(home.importers->over_all, path);
}

Status policy_changed(Interpreter& home, bool replaced) {
  std::vector<std::shared_ptr<Importer>> all{home.importers->over_all};
  for (PathHook& hook : home.importers->hooks()) all.push_back(std::move(hook.state));
  for (const std::shared_ptr<Importer>& state : all) {
    state->registry.policy_changed(replaced);
    SIGNEDVFS_TRY(purge_importer_cache(*state, Interpreter::type(home.types.finder)));
  }
  return {};
}

Status add_finders(Interpreter& home) {
  home.importers = std::make_shared<Importers>();
  SIGNEDVFS_TRY(add_finder_type(home));
  SIGNEDVFS_TRY(add_hook_type(home));
  SIGNEDVFS_TRY(add_meta_path_entry(home));
  SIGNEDVFS_ASSIGN(home.importers->over_all,
                   Importer::create(home, [&home] { return trust_in_force(home); }));
  SIGNEDVFS_ASSIGN(const PyRef hook, new_object(Interpreter::type(home.types.path_hook), &home,
                                                PathHook{home.importers->over_all, nullptr}));
  Py_INCREF(hook.get());
  if (PyModule_AddObject(home.module, "hook", hook.get()) < 0) {
    Py_DECREF(hook.get());
    return python_error();
  }
  return add_functions(home);
}

int traverse_importers(const Importers& importers, visitproc visit, void* arg) {
  Py_VISIT(importers.own_find_spec.get());
  Py_VISIT(importers.meta_path_entry.get());
  return 0;
}

}  // namespace signedvfs
