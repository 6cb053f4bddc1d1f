#include "importer/guard/installing.h"

#include <mutex>
#include <utility>
#include <vector>

#include "importer/files/files.h"
#include "importer/finders/finder_type.h"
#include "importer/finders/path_hook.h"
#include "importer/guard/answering.h"
#include "importer/guard/guarded_list.h"
#include "importer/guard/loaded_modules.h"
#include "importer/guard/lockdown.h"
#include "importer/guard/manager_type.h"
#include "importer/python/heap_type.h"
#include "importer/python/raised.h"
#include "vfs/crypto/settling.h"

namespace signedvfs {
namespace {

Status find_locked(const Interpreter& home) {
  {
    const std::scoped_lock lock(home.guards->locked_mutex);
    if (home.guards->locked.empty()) return {};
  }
  PyErr_SetString(PyExc_RuntimeError,
                  "a SignedImportManager of this process has been locked: no other can be "
                  "installed, for it would decide by other keys; install all before the first "
                  "lock()");
  return python_error();
}

// remove_from takes `item` out of the list sys.<name>, wherever it is.
Status remove_from(const char* name, PyObject* item) {
  const PyRef list = sys_object(name);
  if (!list || PyList_Check(list.get()) == 0) return {};
  for (Py_ssize_t i = 0;; ++i) {
    const PyRef one = item_at(list.get(), i);
    if (!one) return {};
    if (one.get() != item) continue;
    if (PyList_SetSlice(list.get(), i, i + 1, nullptr) < 0) return python_error();
    return {};
  }
}

// put_hook has those who ask sys.path_hooks (pkgutil, importlib.metadata) meet the finders that
// imports meet. Where nothing is refused the others keep their say.
Status put_hook(Interpreter& home, Guard& guard) {
  if (guard.mode != Mode::kEnforce) return {};
  SIGNEDVFS_TRY(remove_from("path_hooks", guard.hook.get()));
  const PyRef hooks = sys_object("path_hooks");
  if (!hooks || PyList_Check(hooks.get()) == 0) {
    PyErr_SetString(PyExc_RuntimeError, "sys.path_hooks is no list");
    return python_error();
  }
  if (PyList_Insert(hooks.get(), 0, guard.hook.get()) < 0) return python_error();
  return purge_importer_cache(*guard.importer, Interpreter::type(home.types.finder));
}

// forget_finders takes the finders of the guard from sys.path_importer_cache.
Status forget_finders(Interpreter& home, const Guard& guard) {
  const PyRef cache = sys_object("path_importer_cache");
  if (!cache || PyDict_Check(cache.get()) == 0) return {};
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PyDict_Items(cache.get())));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* const item = PyList_GET_ITEM(items.get(), i);
    const Finder* const finder = finder_in(home, PyTuple_GET_ITEM(item, 1));
    if (finder == nullptr || finder->shared_state() != guard.importer) continue;
    if (PyDict_DelItem(cache.get(), PyTuple_GET_ITEM(item, 0)) < 0) PyErr_Clear();  // gone already
  }
  return {};
}

// open_files has paths below what is signed answered, from the first manager that wants it. What is
// signed elsewhere is signed for whoever has opened doors, too.
Status open_files(Interpreter& home, const Guard& guard) {
  if (guard.mode != Mode::kEnforce) return {};
  without_gil([&] { guard.importer->registry.occupy(); });
  if (!guard.opens_files || home.files->is_open) return {};
  SIGNEDVFS_TRY(open_doors(*home.files));
  home.guards->has_opened_files = true;
  return {};
}

// look_at_loaded ends the process where a module is loaded that should not be; where nothing is
// refused it is reported.
Status look_at_loaded(Interpreter& home, Guard& guard) {
  SIGNEDVFS_ASSIGN(const std::vector<Unexpected> all, find_unexpected(home, guard));
  if (all.empty()) return {};
  if (guard.mode == Mode::kEnforce) end_process(all);
  for (const Unexpected& one : all) {
    const bool is_new =
        guard.report.add(one.module, one.reason.code(), one.reason.what(), one.origin);
    if (guard.mode != Mode::kWarn || !is_new) continue;
    if (PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "signedvfs would end the process: %s",
                         one.reason.what().c_str()) < 0) {
      return python_error();
    }
  }
  return {};
}

// enter puts the manager in all its places.
Status enter(Interpreter& home, Guard& guard, PyObject* self) {
  // Our entry of sys.meta_path comes first, so that it is not put in front of the manager later.
  SIGNEDVFS_TRY(begin_use(home));
  SIGNEDVFS_TRY(open_files(home, guard));
  SIGNEDVFS_TRY(put_hook(home, guard));
  PyObject* const installed = home.guards->installed.get();
  if (PyList_Insert(installed, 0, self) < 0) return python_error();
  // At no time is it in none of its places.
  for (Py_ssize_t i = PyList_Size(installed); i-- > 1;) {
    if (item_at(installed, i).get() != self) continue;
    if (PyList_SetSlice(installed, i, i + 1, nullptr) < 0) return python_error();
  }
  guard.is_installed = true;
  return put_in_meta_path(home, self);
}

// leave takes it out of them.
Status leave(Interpreter& home, Guard& guard, PyObject* self) {
  guard.is_installed = false;
  PyObject* const installed = home.guards->installed.get();
  for (Py_ssize_t i = PyList_Size(installed); i-- > 0;) {
    if (item_at(installed, i).get() != self) continue;
    if (PyList_SetSlice(installed, i, i + 1, nullptr) < 0) return python_error();
  }
  SIGNEDVFS_TRY(take_from_meta_path(home, self));
  if (guard.hook) SIGNEDVFS_TRY(remove_from("path_hooks", guard.hook.get()));
  SIGNEDVFS_TRY(forget_finders(home, guard));
  SIGNEDVFS_ASSIGN(const PyRef enforcing, enforcing_managers(home));
  if (PyList_GET_SIZE(enforcing.get()) == 0 && home.guards->has_opened_files) {
    home.guards->has_opened_files = false;
    return close_doors(*home.files);
  }
  return {};
}

}  // namespace

Status refuse_if_locked(const Guard& guard, const char* what) {
  if (!guard.is_locked) return {};
  PyErr_Format(PyExc_RuntimeError, "this SignedImportManager has been locked: %s", what);
  return python_error();
}

void lock_in_place(Interpreter& home, Guard& guard) {
  if (guard.is_locked.exchange(true)) return;
  const std::scoped_lock lock(home.guards->locked_mutex);
  home.guards->locked.push_back(&guard);
}

Status install(Interpreter& home, Guard& guard, PyObject* self) {
  if (!guard.is_installed) {
    // Nobody has signed what a configuration of OpenSSL has it load; `ssl` and `hashlib` read it.
    if (guard.mode == Mode::kEnforce) {
      SIGNEDVFS_TRY(settle_openssl());
      forget_openssl_environment();
    }
    SIGNEDVFS_TRY(find_locked(home));
    SIGNEDVFS_TRY(look_at_loaded(home, guard));
  }
  const bool is_new = !guard.is_installed;
  Status entered = enter(home, guard, self);
  if (!entered.ok()) {
    if (!is_new) return entered;
    // In some of its places only it would pass as installed, and nobody would look again at what
    // is loaded when it comes to the others.
    PyRef raised = take_raised();
    if (!leave(home, guard, self).ok()) PyErr_Clear();
    if (raised) raise_again(std::move(raised));
    return entered;
  }
  if (!guard.locks_down) return {};
  SIGNEDVFS_TRY(begin_lockdown(home));
  lock_in_place(home, guard);
  return {};
}

Status uninstall(Interpreter& home, Guard& guard, PyObject* self) {
  SIGNEDVFS_TRY(refuse_if_locked(guard, "it stays installed"));
  if (!guard.is_installed) return {};
  return leave(home, guard, self);
}

}  // namespace signedvfs
