#include "importer/doors/watching.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "importer/doors/side_doors.h"
#include "importer/doors/table.h"
#include "importer/python/errors.h"
#include "importer/python/guard.h"

namespace signedvfs {
namespace {

// A guard is a function whose `self` is (our module, the original). Nobody has to keep anything
// else for it, and Python calls it directly.
Interpreter& home_in(PyObject* self) noexcept { return home_of_module(PyTuple_GET_ITEM(self, 0)); }
PyObject* original_in(PyObject* self) noexcept { return PyTuple_GET_ITEM(self, 1); }

PyRef call_original(PyObject* self, PyObject* const* values, const Arguments& given) {
  return PyRef::steal(PyObject_Vectorcall(original_in(self), values,
                                          static_cast<std::size_t>(given.count), given.names));
}

// execute_watched calls the original, which executes a module that it is given after its loader.
PyObject* execute_watched(PyObject* self, const Arguments& given) {
  const bool is_named = given.names != nullptr && PyTuple_GET_SIZE(given.names) == 1;
  PyObject* const module = given.count + (is_named ? 1 : 0) == 2 ? given.values[1] : nullptr;
  Interpreter& home = home_in(self);
  const Execution execution(home, module);
  PyRef result = call_original(self, given.values, given);
  if (!result || module == nullptr) return std::move(result).release();
  if (const Status closed = close_doors_in_executed(home, module); !closed.ok()) {
    return raised(home, closed, Activity::kTool);
  }
  return std::move(result).release();
}

// Whoever shows errors has to be able to go on without what is refused: for the functions below a
// refusal is a source, or a hint, that is not there. Programs that ask the finder are told.
bool was_refused(const Interpreter& home) {
  return home.is_alive && home.exceptions.base &&
         PyErr_ExceptionMatches(home.exceptions.base.get()) != 0;
}

// show_anyway calls what answers with a list, or with nothing.
PyObject* show_anyway(PyObject* self, const Arguments& given, bool has_list) {
  PyRef result = call_original(self, given.values, given);
  if (result || !was_refused(home_in(self))) return std::move(result).release();
  PyErr_Clear();
  if (has_list) return PyList_New(0);
  Py_RETURN_NONE;
}

// warn_anyway calls warnings.warn_explicit, once more without the globals of a module whose loader
// has refused the line to be shown. What is raised by whoever shows the warning stays.
PyObject* warn_anyway(PyObject* self, const Arguments& given) {
  constexpr std::size_t kGlobalsAt = 6;
  constexpr const char* kGlobals = "module_globals";
  PyRef result = call_original(self, given.values, given);
  if (result || !was_refused(home_in(self))) return std::move(result).release();
  if (PyErr_ExceptionMatches(PyExc_ImportError) == 0) return nullptr;
  PyErr_Clear();
  const auto count = static_cast<std::size_t>(given.count);
  const Py_ssize_t named = given.names == nullptr ? 0 : PyTuple_GET_SIZE(given.names);
  std::vector<PyObject*> values(given.values, given.values + count + named);
  if (count > kGlobalsAt) values[kGlobalsAt] = Py_None;
  for (Py_ssize_t i = 0; i < named; ++i) {
    const bool is_it =
        PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(given.names, i), kGlobals) == 0;
    if (is_it) values[count + static_cast<std::size_t>(i)] = Py_None;
  }
  return call_original(self, values.data(), given).release();
}

PyObject* call_native(std::string_view function, PyObject* self, const Arguments& given) {
  if (function == "exec_module") return execute_watched(self, given);
  if (function == "warn_explicit") return warn_anyway(self, given);
  return show_anyway(self, given, function == "updatecache");
}

// call_ours calls our function for the door, with the original in front of the arguments.
PyObject* call_ours(const SideDoor& door, PyObject* self, const Arguments& given) {
  const Result<PyRef> ours = own_function(door.guard, door.function);
  if (!ours.ok()) return raised(home_in(self), ours.status(), Activity::kTool);
  const auto named =
      given.names == nullptr ? 0 : static_cast<std::size_t>(PyTuple_GET_SIZE(given.names));
  const auto count = static_cast<std::size_t>(given.count);
  std::vector<PyObject*> all{original_in(self)};
  all.insert(all.end(), given.values, given.values + count + named);
  return PyObject_Vectorcall(ours->get(), all.data(), count + 1, given.names);
}

template <std::size_t kNumber>
PyObject* stand_in(PyObject* self, const Arguments& given) {
  constexpr const SideDoor& kDoor = kSideDoors[kNumber];
  if constexpr (kDoor.guard == kInNative) {
    return call_native(kDoor.function, self, given);
  } else {
    return call_ours(kDoor, self, given);
  }
}

template <std::size_t... kNumbers>
std::array<PyMethodDef, sizeof...(kNumbers)> all_definitions(
    std::index_sequence<kNumbers...> /*numbers*/) {
  return {method_of<&stand_in<kNumbers>>(kSideDoors[kNumbers].function, nullptr)...};
}

}  // namespace

Result<PyRef> guard_of(const Interpreter& home, std::size_t number, PyObject* original,
                       bool binds) {
  // Python keeps pointers to these, in every interpreter.
  static std::array definitions = all_definitions(std::make_index_sequence<kSideDoors.size()>());
  SIGNEDVFS_ASSIGN(const PyRef self, owned(PyTuple_Pack(2, home.module, original)));
  SIGNEDVFS_ASSIGN(PyRef function, owned(PyCFunction_New(&definitions[number], self.get())));
  if (!binds) return function;
  return owned(PyInstanceMethod_New(function.get()));
}

}  // namespace signedvfs
