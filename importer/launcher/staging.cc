#include "importer/launcher/staging.h"

#include <array>
#include <string>
#include <utility>

#include "importer/files/files.h"
#include "importer/finders/importers.h"
#include "importer/launcher/frozen_table.h"
#include "importer/launcher/refusing.h"
#include "importer/launcher/staged_code.h"
#include "importer/module.h"
#include "importer/python/convert.h"
#include "importer/python/errors.h"
#include "importer/python/guard.h"
#include "importer/python/interpreter.h"
#include "importer/values/trust_policy.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

Opening* staged = nullptr;  // set once, before there are threads of Python

// make_core makes the module `signedvfs._core`. Its name alone would not do: BuiltinImporter of
// Python 3.9 and 3.10 takes no name with a dot.
Result<Interpreter*> make_core() {
  SIGNEDVFS_ASSIGN(const PyRef spec_type, loaded_attribute("_frozen_importlib", "ModuleSpec"));
  SIGNEDVFS_ASSIGN(const PyRef loader, loaded_attribute("_frozen_importlib", "BuiltinImporter"));
  SIGNEDVFS_ASSIGN(const PyRef spec, owned(PyObject_CallFunction(spec_type.get(), "sO",
                                                                 "signedvfs._core", loader.get())));
  SIGNEDVFS_ASSIGN(const PyRef origin, text_of_utf8("built-in"));
  if (PyObject_SetAttrString(spec.get(), "origin", origin.get()) < 0) return python_error();
  SIGNEDVFS_ASSIGN(const PyRef module, owned(PyModule_FromDefAndSpec(&core_module, spec.get())));
  for (const auto& [name, value] :
       {std::pair("__spec__", spec.get()), std::pair("__loader__", loader.get())}) {
    if (PyObject_SetAttrString(module.get(), name, value) < 0) return python_error();
  }
  SIGNEDVFS_ASSIGN(const PyRef package, text_of_utf8("signedvfs"));
  if (PyObject_SetAttrString(module.get(), "__package__", package.get()) < 0) return python_error();
  if (PyModule_ExecDef(module.get(), &core_module) < 0) return python_error();
  const PyRef modules = sys_object("modules");
  if (!modules) return python_error();
  if (PyDict_SetItemString(modules.get(), "signedvfs._core", module.get()) < 0) {
    return python_error();
  }
  return &home_of_module(module.get());  // sys.modules keeps it
}

// end_on_refusal ends the process where a part of the application is refused: whoever catches
// exceptions could go on without it.
void end_on_refusal(const std::string& path, const std::string& message) {
  if (path.empty() || path == staged->path()) refuse(staged->path(), message);
}

// believe has whatever is opened by default opened under the launcher's own policy, and the
// application be what was opened when the process was started.
Status believe(Interpreter& home, const Launch& launch) {
  PolicyObject held{launch.rules.policy, PyRef::borrow(Py_None)};
  SIGNEDVFS_ASSIGN(const PyRef policy, policy_object(home, std::move(held)));
  SIGNEDVFS_TRY(put_in_force(home, policy.get(), Py_None));
  Importer& importer = *home.importers->over_all;
  importer.leaves_nothing = true;
  home.application = launch.path;
  home.told_of_refusal = &end_on_refusal;
  return importer.registry.adopt_archive(launch.path, launch.vfs, launch.trust);
}

bool is_main_interpreter() noexcept {
  return PyInterpreterState_Get() == PyInterpreterState_Main();
}

Result<PyRef> path_in(const Launch& launch, const std::string& below) {
  return text_of_path(below.empty() ? launch.path : launch.path + '/' + below);
}

// close_paths has sys.path lead into the archive alone, and ours be the only hook: directories, and
// zip archives that nobody has signed, are nothing to import from.
Status close_paths(Interpreter& home, const Launch& launch) {
  SIGNEDVFS_ASSIGN(const PyRef hook, owned(PyObject_GetAttrString(home.module, "hook")));
  SIGNEDVFS_ASSIGN(const PyRef hooks, owned(PyList_New(0)));
  if (PyList_Append(hooks.get(), hook.get()) < 0) return python_error();
  SIGNEDVFS_ASSIGN(const PyRef paths, owned(PyList_New(0)));
  SIGNEDVFS_ASSIGN(const PyRef cache, owned(PyDict_New()));
  for (const std::string& one : launch.plan.paths) {
    SIGNEDVFS_ASSIGN(const PyRef path, path_in(launch, one));
    SIGNEDVFS_ASSIGN(const PyRef finder,
                     owned(PyObject_CallFunctionObjArgs(hook.get(), path.get(), nullptr)));
    if (PyList_Append(paths.get(), path.get()) < 0) return python_error();
    if (PyDict_SetItem(cache.get(), path.get(), finder.get()) < 0) return python_error();
  }
  if (PySys_SetObject("path_hooks", hooks.get()) < 0) return python_error();
  if (PySys_SetObject("path", paths.get()) < 0) return python_error();
#if PY_VERSION_HEX >= 0x030b0000
  // Frozen modules of the library have their `__file__` there; not every version goes by what it
  // was configured with.
  SIGNEDVFS_ASSIGN(const PyRef library, path_in(launch, launch.plan.stdlib));
  if (PySys_SetObject("_stdlib_dir", library.get()) < 0) return python_error();
#endif
  const PyRef known = sys_object("path_importer_cache");
  if (!known) return python_error();
  PyDict_Clear(known.get());
  if (PyDict_Update(known.get(), cache.get()) < 0) return python_error();
  return {};
}

// tell_paths replaces what stood in for the program's path while nothing was to be found by it, in
// each interpreter.
Status tell_paths(const Launch& launch) {
  SIGNEDVFS_ASSIGN(const PyRef path, text_of_path(launch.path));
  for (const char* const name : {"executable", "_base_executable"}) {
    if (PySys_SetObject(name, path.get()) < 0) return python_error();
  }
  return PySys_SetObject("frozen", Py_True) == 0 ? Status() : Status(python_error());
}

Result<PyRef> spec_of_encodings(const Launch& launch) {
  SIGNEDVFS_ASSIGN(const PyRef path, path_in(launch, launch.plan.stdlib));
  const PyRef cache = sys_object("path_importer_cache");
  SIGNEDVFS_ASSIGN(const PyRef finder, item_of(cache.get(), path.get()));
  if (!finder) return Status(Errc::kNoCode, "the archive's own library is not on its path");
  SIGNEDVFS_ASSIGN(PyRef spec,
                   owned(PyObject_CallMethod(finder.get(), "find_spec", "s", "encodings")));
  // A directory of that name has a spec without a loader.
  SIGNEDVFS_ASSIGN(const PyRef loader, spec.get() == Py_None
                                           ? Result<PyRef>(PyRef::borrow(Py_None))
                                           : owned(PyObject_GetAttrString(spec.get(), "loader")));
  if (loader.get() == Py_None) {
    return Status(Errc::kNoCode, "the archive has no module 'encodings' in its library");
  }
  return spec;
}

Result<PyRef> stage_interpreter(Interpreter*& home) {
  const Result<Launch>& opened = staged->wait();
  if (!opened.ok()) refuse(staged->path(), opened.status());
  const Launch& launch = *opened;
  SIGNEDVFS_ASSIGN(home, make_core());
  SIGNEDVFS_TRY(believe(*home, launch));
  SIGNEDVFS_TRY(close_paths(*home, launch));
  SIGNEDVFS_TRY(tell_paths(launch));
  // What functions of the library could do past us they do when a program runs: for the main
  // interpreter run_application sees to that. Watching the first modules come would cost more than
  // all of them.
  if (!is_main_interpreter()) {
    SIGNEDVFS_TRY(begin_use(*home));
    SIGNEDVFS_TRY(open_doors(*home->files));
  }
  return spec_of_encodings(launch);
}

PyObject* stage(PyObject* /*module*/) {
  if (staged == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "this process was not started by a launcher");
    return nullptr;
  }
  Interpreter* home = nullptr;
  Result<PyRef> spec = stage_interpreter(home);
  if (home != nullptr) return answer(*home, std::move(spec), Activity::kVerifying);
  if (spec.ok()) return std::move(spec).value().release();
  if (PyErr_Occurred() == nullptr) PyErr_SetString(PyExc_ImportError, spec.status().what().c_str());
  return nullptr;
}

// fail ends the process where an application's Python does not come about: CPython would show where
// it has looked for files, and not what was wrong. Other interpreters fail by exceptions.
PyObject* fail(PyObject* /*module*/, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"fail", 1, {"error"}};
  std::array<PyObject*, 1> values{};
  if (!kParameters.read(given, values)) return nullptr;
  if (staged != nullptr && PyInterpreterState_Get() == PyInterpreterState_Main()) {
    const PyRef text = PyRef::steal(PyObject_Str(values[0]));
    const Result<std::string> why =
        text ? utf8_of(text.get()) : Result<std::string>(python_error());
    refuse(staged->path(), "Python does not start: " +
                               (why.ok() && !why->empty() ? *why : Py_TYPE(values[0])->tp_name));
  }
  Py_RETURN_NONE;
}

PyModuleDef_Slot slots_of_staging[] = {
#if PY_VERSION_HEX >= 0x030c0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030d0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

std::array functions_of_staging{
    method_of<&stage>("stage",
                      "stage($module)\n--\n\n"
                      "Close the import system, and return the spec of the archive's `encodings`."),
    method_of<&fail>("fail",
                     "fail($module, error)\n--\n\n"
                     "End the process by the exception, unless this is not its first interpreter."),
    PyMethodDef{}};

PyModuleDef staging_module{PyModuleDef_HEAD_INIT,
                           "_signedvfs_launcher",
                           "What the launcher does before Python imports anything.",
                           0,
                           functions_of_staging.data(),
                           slots_of_staging,
                           nullptr,
                           nullptr,
                           nullptr};

PyObject* init_staging() { return PyModuleDef_Init(&staging_module); }

}  // namespace

Status prepare_staging(Opening& opening) {
  staged = &opening;
  freeze_encodings(staged_encodings());
  if (PyImport_AppendInittab("_signedvfs_launcher", &init_staging) < 0) {
    return {Errc::kIo, "there is no memory for Python's table of modules"};
  }
  return {};
}

}  // namespace signedvfs
