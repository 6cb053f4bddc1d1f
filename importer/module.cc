#include "importer/module.h"

#include <new>

#include "importer/doors/side_doors.h"
#include "importer/files/files.h"
#include "importer/finders/importers.h"
#include "importer/guard/guard.h"
#include "importer/guard/lockdown.h"
#include "importer/python/errors.h"
#include "importer/python/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/isolation.h"
#include "importer/python/return_gate.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

Status fill(Interpreter& home) {
  // What is installed: no look at its metadata.
  if (PyModule_AddStringConstant(home.module, "__version__", SIGNEDVFS_VERSION) < 0) {
    return python_error();
  }
  SIGNEDVFS_TRY(close_return_gate_at_end());
  SIGNEDVFS_TRY(make_exceptions(home));
  SIGNEDVFS_TRY(add_values(home));
  SIGNEDVFS_TRY(add_doors(home));
  SIGNEDVFS_TRY(add_files(home));
  SIGNEDVFS_TRY(add_isolation(home));
  SIGNEDVFS_TRY(add_finders(home));
  SIGNEDVFS_TRY(add_guard(home));
  return {};
}

int exec(PyObject* module) {
  return at_edge(
      [&] {
        auto* const home = ::new (PyModule_GetState(module)) Interpreter();
        home->module = module;
        home->is_alive = true;
        const Status status = fill(*home);
        if (status.ok()) return 0;
        // What comes before the exceptions' classes are there is Python's own.
        if (status.code() != Errc::kPython) {
          PyErr_SetString(PyExc_ImportError, std::string(status.what()).c_str());
        }
        return -1;
      },
      -1);
}

// begun returns the state, or null where the module has not been executed.
Interpreter* begun(PyObject* module) noexcept {
  auto* const home = static_cast<Interpreter*>(PyModule_GetState(module));
  return home == nullptr || home->module == nullptr ? nullptr : home;
}

int traverse(PyObject* module, visitproc visit, void* arg) {
  const Interpreter* const home = begun(module);
  if (home == nullptr) return 0;
  const Exceptions& e = home->exceptions;
  const Types& t = home->types;
  for (const PyRef* const one :
       {&e.base,           &e.failed,          &e.missing, &e.key_file,     &e.showing_base,
        &e.showing_failed, &e.showing_missing, &t.limits,  &t.public_key,   &t.trusted_key,
        &t.trust_policy,   &t.signed_vfs,      &t.stat,    &t.finder,       &t.finder_face,
        &t.path_hook,      &t.meta_path_entry, &t.manager, &t.alias_loader, &t.guarded_list}) {
    Py_VISIT(one->get());
  }
  if (home->trust) {
    if (const int stop = traverse_trust(*home->trust, visit, arg); stop != 0) return stop;
  }
  if (home->importers) {
    if (const int stop = traverse_importers(*home->importers, visit, arg); stop != 0) return stop;
  }
  if (home->doors) {
    if (const int stop = traverse_doors(*home->doors, visit, arg); stop != 0) return stop;
  }
  if (home->guards) {
    if (const int stop = traverse_guards(*home->guards, visit, arg); stop != 0) return stop;
  }
  return home->files ? traverse_files(*home->files, visit, arg) : 0;
}

int clear(PyObject* module) {
  Interpreter* const home = begun(module);
  if (home == nullptr) return 0;
  home->is_alive = false;
  end_lockdown(*home);
  if (home->files && !close_doors(*home->files).ok()) PyErr_Clear();  // nobody is there to ask
  // Whoever lost their last reference here may run code that comes back to us: so first everything
  // is taken out of the state, and only then dropped.
  const auto guards = std::move(home->guards);
  const auto doors = std::move(home->doors);
  const auto files = std::move(home->files);
  const auto importers = std::move(home->importers);
  const auto trust = std::move(home->trust);
  const Types types = std::move(home->types);
  const Exceptions exceptions = std::move(home->exceptions);
  return 0;
}

void release(void* module) {
  auto* const self = static_cast<PyObject*>(module);
  Interpreter* const home = begun(self);
  if (home == nullptr) return;
  clear(self);
  home->~Interpreter();
}

// Objects live in their interpreter and share nothing but C++ code, which has its own locks.
PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(&exec)},
#if PY_VERSION_HEX >= 0x030c0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030d0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

}  // namespace

PyModuleDef core_module{PyModuleDef_HEAD_INIT,
                        "signedvfs._core",
                        "The native half of signedvfs.",
                        sizeof(Interpreter),
                        nullptr,
                        module_slots,
                        &traverse,
                        &clear,
                        &release};

PyObject* init_core() { return PyModuleDef_Init(&core_module); }

}  // namespace signedvfs
