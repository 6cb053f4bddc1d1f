#include "importer/finders/functions.h"

#include <array>
#include <utility>
#include <vector>

#include "importer/finders/finder_type.h"
#include "importer/finders/hook_type.h"
#include "importer/finders/importers.h"
#include "importer/finders/path_hook.h"
#include "importer/python/errors.h"
#include "importer/python/guard.h"
#include "importer/python/heap_type.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

Status trust_all(Interpreter& home, const Arguments& given) {
  std::vector<TrustedKey> added;
  for (Py_ssize_t i = 0; i < given.count; ++i) {
    auto key = trusted_key_in(home, given.values[i]);
    if (!key) {
      PyErr_Format(PyExc_TypeError, "expected signedvfs.PublicKey or signedvfs.Trusted, not %.200s",
                   Py_TYPE(given.values[i])->tp_name);
      return python_error();
    }
    added.push_back(std::move(*key));
  }
  SIGNEDVFS_ASSIGN(const bool is_new, add_trusted_keys(home, added));
  if (is_new) SIGNEDVFS_TRY(policy_changed(home, false));
  return purge_importer_cache(*home.importers->over_all, Interpreter::type(home.types.finder));
}

PyObject* trust(PyObject* module, const Arguments& given) {
  if (given.names != nullptr && PyTuple_GET_SIZE(given.names) != 0) {
    PyErr_SetString(PyExc_TypeError, "trust() takes no keyword arguments");
    return nullptr;
  }
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  Interpreter& home = *alive;
  return none(home, trust_all(home, given), Activity::kTool);
}

PyObject* set_policy(PyObject* module, const Arguments& given) {
  static constexpr Parameters<2> kParameters{"set_policy", 1, {"policy", "limits"}};
  std::array<PyObject*, 2> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  Interpreter& home = *alive;
  PyObject* const limits = arguments[1] == nullptr ? Py_None : arguments[1];
  const Status put = put_in_force(home, arguments[0], limits);
  return none(home, put.ok() ? policy_changed(home, true) : put, Activity::kTool);
}

PyObject* get_policy(PyObject* module) {
  Interpreter* const home = living_home(module);
  return home == nullptr ? nullptr : policy_in_force(*home).release();
}

PyObject* get_limits(PyObject* module) {
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  Interpreter& home = *alive;
  return answer(home, limits_in_force(home), Activity::kTool);
}

PyObject* defer_collection(PyObject* module, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"defer_collection", 0, {"defer"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const int on = arguments[0] == nullptr ? 1 : PyObject_IsTrue(arguments[0]);
  if (on < 0) return nullptr;
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  Interpreter& home = *alive;
  return none(home, home.importers->over_all->collector.defer(on != 0), Activity::kTool);
}

PyObject* close_side_doors_now(PyObject* module) {
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  Interpreter& home = *alive;
  return none(home, begin_use(home), Activity::kTool);
}

// find_in_use returns the finder of ours that imports from `path` go to, or None. Like
// pkgutil.get_importer it keeps a new one where importlib.invalidate_caches() finds it.
Result<PyRef> find_in_use(Interpreter& home, PyObject* path) {
  const PyRef cache = sys_object("path_importer_cache");
  if (PyUnicode_Check(path) == 0 || !cache || PyDict_Check(cache.get()) == 0) {
    return PyRef::borrow(Py_None);
  }
  SIGNEDVFS_ASSIGN(PyRef finder, item_of(cache.get(), path));
  SIGNEDVFS_ASSIGN(const PyRef hooks, hooks_in_use(home));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(hooks.get()); ++i) {
    if (finder && finder.get() != Py_None) break;
    finder =
        PyRef::steal(PyObject_CallFunctionObjArgs(PyList_GET_ITEM(hooks.get(), i), path, nullptr));
    if (!finder && PyErr_ExceptionMatches(PyExc_ImportError) == 0) return python_error();
    PyErr_Clear();
    if (finder && PyDict_SetItem(cache.get(), path, finder.get()) < 0) return python_error();
  }
  if (!finder || finder_in(home, finder.get()) == nullptr) return PyRef::borrow(Py_None);
  return finder;
}

PyObject* finder_of(PyObject* module, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"_finder_of", 1, {"path"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  Interpreter& home = *alive;
  return answer(home, find_in_use(home, arguments[0]), Activity::kTool);
}

// find_below makes the finder for `path` that the hook for exactly `roots` would make.
Result<PyRef> find_below(Interpreter& home, PyObject* roots, PyObject* path) {
  SIGNEDVFS_ASSIGN(const PyRef hooks, hooks_in_use(home));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(hooks.get()); ++i) {
    PyObject* const hook = PyList_GET_ITEM(hooks.get(), i);
    const PathHook* const found = hook_in(home, hook);
    if (found == nullptr || !found->state->is_scoped()) continue;
    SIGNEDVFS_ASSIGN(const PyRef its, roots_of(*found->state));
    const int is_equal = PyObject_RichCompareBool(its.get(), roots, Py_EQ);
    if (is_equal < 0) return python_error();
    if (is_equal != 0) return owned(PyObject_CallFunctionObjArgs(hook, path, nullptr));
  }
  return not_ours(path, "no signedvfs.PathHook for these roots is in use here");
}

PyObject* finder_below(PyObject* module, const Arguments& given) {
  static constexpr Parameters<2> kParameters{"_finder_below", 2, {"roots", "path"}};
  std::array<PyObject*, 2> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  Interpreter& home = *alive;
  return answer(home, find_below(home, arguments[0], arguments[1]), Activity::kTool);
}

}  // namespace

Status add_functions(Interpreter& home) {
  static std::array functions{
      method_of<&trust>(
          "trust",
          "trust($module, /, *keys)\n--\n\n"
          "Trust these keys, PublicKey or Trusted, in addition to those of the policy in force.\n\n"
          "Archives that were refused for want of a trusted signature are asked about again;\n"
          "whatever was refused for another reason stays refused. ValueError for a key that is\n"
          "trusted already, for something else."),
      method_of<&set_policy>(
          "set_policy",
          "set_policy($module, policy, limits=None)\n--\n\n"
          "Replace the policy, and the limits that archives are opened with (None: the "
          "defaults).\n\n"
          "Archives in use are asked about again, and those that were refused for what the "
          "policy or\nthe limits said; what was tampered with stays refused."),
      method_of<&get_policy>("get_policy",
                             "get_policy($module)\n--\n\nReturn the policy in force."),
      method_of<&get_limits>(
          "get_limits",
          "get_limits($module)\n--\n\nReturn the limits that archives are opened with."),
      method_of<&defer_collection>(
          "defer_collection",
          "defer_collection($module, defer=True)\n--\n\n"
          "Keep the cyclic garbage collector out of bursts of imports from signed archives.\n\n"
          "From a module's execution to its end, imports inside it included, the youngest\n"
          "generation is collected every 200,000 objects only; then gc's thresholds are what\n"
          "they were. What was made meanwhile is old from then on. Modules of less than 4 KiB "
          "that\nimport nothing change nothing. False: as usual."),
      method_of<&close_side_doors_now>(
          "_close_side_doors",
          "_close_side_doors($module)\n--\n\n"
          "Have the standard library ask us before it reads archives by itself."),
      method_of<&finder_of>(
          "_finder_of",
          "_finder_of($module, path)\n--\n\n"
          "Return the verifying finder that imports from `path` go to, or None where they do "
          "not.\n\nOpens no archive: the finder does, when it is asked."),
      method_of<&finder_below>(
          "_finder_below",
          "_finder_below($module, roots, path)\n--\n\n"
          "Return the finder for `path` of the hook for these roots; for pickle."),
      PyMethodDef{}};
  if (PyModule_AddFunctions(home.module, functions.data()) < 0) return python_error();
  return {};
}

}  // namespace signedvfs
