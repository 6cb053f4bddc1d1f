#include "importer/files/builtin_door.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "importer/files/table.h"
#include "importer/python/guard.h"

namespace signedvfs {
namespace {

constexpr int kFastNamed = METH_FASTCALL | METH_KEYWORDS;
constexpr int kTupleNamed = METH_VARARGS | METH_KEYWORDS;

using FastNamed = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
using Fast = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);
using TupleNamed = PyObject* (*)(PyObject*, PyObject*, PyObject*);

// The definitions are of the process, as those of CPython: every interpreter's function objects
// point to the same. `originals` says what each of ours stands for.
std::array<std::atomic<PyMethodDef*>, kBuiltinDoors.size()> originals;

template <class Function>
Function function_of(const PyMethodDef& definition) noexcept {
  return reinterpret_cast<Function>(reinterpret_cast<void (*)()>(definition.ml_meth));
}

PyObject* call_with_tuple(const PyMethodDef& original, PyObject* self, const Arguments& given) {
  const PyRef tuple = PyRef::steal(PyTuple_New(given.count));
  if (!tuple) return nullptr;
  for (Py_ssize_t i = 0; i < given.count; ++i) {
    PyTuple_SET_ITEM(tuple.get(), i, PyRef::borrow(given.values[i]).release());
  }
  if (original.ml_flags == METH_VARARGS) return original.ml_meth(self, tuple.get());
  PyRef named;
  for (Py_ssize_t i = 0; given.names != nullptr && i < PyTuple_GET_SIZE(given.names); ++i) {
    if (!named) named = PyRef::steal(PyDict_New());
    if (!named || PyDict_SetItem(named.get(), PyTuple_GET_ITEM(given.names, i),
                                 given.values[given.count + i]) < 0) {
      return nullptr;
    }
  }
  return function_of<TupleNamed>(original)(self, tuple.get(), named.get());
}

PyObject* call_original(std::size_t door, PyObject* self, const Arguments& given) {
  const PyMethodDef& original = *originals[door].load(std::memory_order_acquire);
  switch (original.ml_flags) {
    case kFastNamed:
      return function_of<FastNamed>(original)(self, given.values, given.count, given.names);
    case METH_FASTCALL:
      return function_of<Fast>(original)(self, given.values, given.count);
    case METH_O:
      return original.ml_meth(self, given.values[0]);
    default:
      return call_with_tuple(original, self, given);
  }
}

// is_passed tells whether a call with that first argument is none of ours. What is given by name
// may be the descriptor of a directory of ours; a function that is about links is also asked about
// those that an archive was found by.
bool is_passed(PyObject* first, bool is_named, bool is_of_links) noexcept {
  const Files* const files = running_files();
  if (files == nullptr) return true;
  if (is_named && !files->handles.is_empty()) return false;
  return is_plainly_elsewhere(*files, first, is_of_links);
}

// answer_at is kept out of those below, which mostly pass calls on: they need few registers then.
[[gnu::noinline]] PyObject* answer_at(std::size_t door, PyObject* self, const Arguments& given) {
  Files* const files = running_files();
  if (files == nullptr) return call_original(door, self, given);
  return at_edge(
      [&] {
        Call call(*files, given);
        return kBuiltinDoors[door].answer(call, Passing{door, self});
      },
      static_cast<PyObject*>(nullptr));
}

template <std::size_t kDoor>
bool may_pass(PyObject* const* values, Py_ssize_t count, PyObject* names) noexcept {
  constexpr auto kQuick = kBuiltinDoors[kDoor].quick;
  if constexpr (kQuick == BuiltinDoor::Quick::kNothing) return false;
  return count > 0 && is_passed(values[0], names != nullptr, kQuick == BuiltinDoor::Quick::kNoWay);
}

template <std::size_t kDoor>
const PyMethodDef& original_of() noexcept {
  return *originals[kDoor].load(std::memory_order_acquire);
}

// One function for each convention in which CPython calls: that of the original.
template <std::size_t kDoor>
PyObject* fast_named(PyObject* self, PyObject* const* values, Py_ssize_t count, PyObject* names) {
  if (may_pass<kDoor>(values, count, names)) [[likely]] {
    return function_of<FastNamed>(original_of<kDoor>())(self, values, count, names);
  }
  return answer_at(kDoor, self, {values, count, names});
}

template <std::size_t kDoor>
PyObject* fast(PyObject* self, PyObject* const* values, Py_ssize_t count) {
  if (may_pass<kDoor>(values, count, nullptr)) [[likely]] {
    return function_of<Fast>(original_of<kDoor>())(self, values, count);
  }
  return answer_at(kDoor, self, {values, count, nullptr});
}

template <std::size_t kDoor>
PyObject* one(PyObject* self, PyObject* value) {
  if (may_pass<kDoor>(&value, 1, nullptr)) [[likely]] {
    return original_of<kDoor>().ml_meth(self, value);
  }
  return answer_at(kDoor, self, {&value, 1, nullptr});
}

template <std::size_t kDoor>
PyObject* tuple(PyObject* self, PyObject* given) {
  PyObject* const* const values = &PyTuple_GET_ITEM(given, 0);
  const Py_ssize_t count = PyTuple_GET_SIZE(given);
  if (may_pass<kDoor>(values, count, nullptr)) [[likely]] {
    return original_of<kDoor>().ml_meth(self, given);
  }
  return answer_at(kDoor, self, {values, count, nullptr});
}

template <std::size_t kDoor>
PyObject* tuple_named(PyObject* self, PyObject* given, PyObject* named) {
  PyObject* const* const first = &PyTuple_GET_ITEM(given, 0);
  if (named == nullptr || PyDict_Size(named) == 0) {
    if (may_pass<kDoor>(first, PyTuple_GET_SIZE(given), nullptr)) [[likely]] {
      return function_of<TupleNamed>(original_of<kDoor>())(self, given, named);
    }
    return answer_at(kDoor, self, {first, PyTuple_GET_SIZE(given), nullptr});
  }
  return at_edge(
      [&]() -> PyObject* {
        std::vector<PyObject*> values(first, first + PyTuple_GET_SIZE(given));
        const PyRef names = PyRef::steal(PyTuple_New(PyDict_Size(named)));
        if (!names) return nullptr;
        PyObject* name = nullptr;
        PyObject* value = nullptr;
        Py_ssize_t next = 0;
        for (Py_ssize_t at = 0; PyDict_Next(named, &at, &name, &value) != 0; ++next) {
          PyTuple_SET_ITEM(names.get(), next, PyRef::borrow(name).release());
          values.push_back(value);
        }
        return answer_at(kDoor, self, {values.data(), PyTuple_GET_SIZE(given), names.get()});
      },
      static_cast<PyObject*>(nullptr));
}

// Ours is what takes the place of one function, in all conventions.
struct Ours {
  FastNamed fast_named;
  Fast fast;
  PyCFunction one;
  PyCFunction tuple;
  TupleNamed tuple_named;
};

template <std::size_t... kDoors>
constexpr std::array<Ours, sizeof...(kDoors)> all_of_ours(std::index_sequence<kDoors...> /*all*/) {
  return {Ours{&fast_named<kDoors>, &fast<kDoors>, &one<kDoors>, &tuple<kDoors>,
               &tuple_named<kDoors>}...};
}

template <class Function>
PyCFunction as_method(Function* function) noexcept {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

// definition_of returns ours for a door, made after the original; null where that is called in a
// way that no version of Python has used so far.
PyMethodDef* definition_of(std::size_t door, PyMethodDef* original) {
  static constexpr auto kOurs = all_of_ours(std::make_index_sequence<kBuiltinDoors.size()>());
  static std::array<PyMethodDef, kBuiltinDoors.size()> definitions;
  PyMethodDef& made = definitions[door];
  const Ours& ours = kOurs[door];
  PyCFunction function = nullptr;
  switch (original->ml_flags) {
    case kFastNamed:
      function = as_method(ours.fast_named);
      break;
    case METH_FASTCALL:
      function = as_method(ours.fast);
      break;
    case METH_O:
      function = ours.one;
      break;
    case METH_VARARGS:
      function = ours.tuple;
      break;
    case kTupleNamed:
      function = as_method(ours.tuple_named);
      break;
    default:
      return nullptr;
  }
  originals[door].store(original, std::memory_order_release);
  made = *original;
  made.ml_meth = function;
  return &made;
}

// stored_at returns what stands at a door, or nothing: its module is not loaded, or the platform
// has no such function.
Result<PyRef> stored_at(const BuiltinDoor& door) {
  const PyRef name = PyRef::steal(PyUnicode_FromString(door.module));
  if (!name) return python_error();
  const PyRef module = PyRef::steal(PyImport_GetModule(name.get()));
  if (!module && PyErr_Occurred() != nullptr) return python_error();
  if (!module || PyModule_Check(module.get()) == 0) return PyRef();
  const auto item = [](PyObject* dict, const char* key) -> Result<PyRef> {
    SIGNEDVFS_ASSIGN(const PyRef text, owned(PyUnicode_InternFromString(key)));
    return item_of(dict, text.get());
  };
  PyObject* const names = PyModule_GetDict(module.get());
  if (*door.owner == '\0') return item(names, door.name);
  SIGNEDVFS_ASSIGN(const PyRef owner, item(names, door.owner));
  if (!owner || PyType_Check(owner.get()) == 0) return PyRef();
  const PyRef members = PyRef::steal(PyObject_GetAttrString(owner.get(), "__dict__"));
  if (!members) return python_error();
  PyRef found = PyRef::steal(PyMapping_GetItemString(members.get(), door.name));
  if (!found) PyErr_Clear();
  return found;
}

// place_in returns where `function` keeps its definition; null: it is of another kind.
PyMethodDef** place_in(PyObject* function) noexcept {
  if (PyCFunction_CheckExact(function) != 0) {
    return &reinterpret_cast<PyCFunctionObject*>(function)->m_ml;
  }
  if (Py_IS_TYPE(function, &PyMethodDescr_Type)) {
    return &reinterpret_cast<PyMethodDescrObject*>(function)->d_method;
  }
  return nullptr;
}

// SupportSets are sets of functions in `os`, such as os.supports_dir_fd. The hash of a built-in
// function is that of its C function, so each has to leave its sets while that changes.
class SupportSets {
 public:
  static Result<SupportSets> find() {
    SupportSets out;
    for (const char* const name :
         {"supports_dir_fd", "supports_effective_ids", "supports_fd", "supports_follow_symlinks"}) {
      Result<PyRef> set = loaded_attribute("os", name);
      if (!set.ok()) {
        PyErr_Clear();  // an interpreter without `os`, or a later version of it
      } else if (Py_IS_TYPE(set->get(), &PySet_Type)) {
        out.sets_.push_back(std::move(set).value());
      }
    }
    return out;
  }

  // point points a function to another definition.
  Status point(PyObject* function, PyMethodDef** place, PyMethodDef* definition) const {
    std::vector<PyObject*> left;
    for (const PyRef& set : sets_) {
      const int was_there = PySet_Discard(set.get(), function);
      if (was_there < 0) return python_error();
      if (was_there > 0) left.push_back(set.get());
    }
    std::atomic_ref(*place).store(definition, std::memory_order_release);
    for (PyObject* const set : left) {
      if (PySet_Add(set, function) < 0) return python_error();
    }
    return {};
  }

 private:
  std::vector<PyRef> sets_;
};

Status replaced_by_other(const BuiltinDoor& door) {
  return {Errc::kUsage, std::string(door.module) + '.' + door.name +
                            " is not the function that Python has there; open the doors before "
                            "another package replaces it"};
}

}  // namespace

PyObject* Passing::original(const Arguments& given) const {
  return call_original(door, self, given);
}

PyObject* Passing::original_stat(PyObject* path) const {
  static_assert(std::string_view(kBuiltinDoors[0].name) == "stat");
  return call_original(0, self, {&path, 1, nullptr});
}

namespace {

// open_door replaces one function, unless that has been done.
Status open_door(std::size_t number, PyRef function, const SupportSets& sets,
                 ReplacedFunctions& functions) {
  const bool is_done = std::any_of(
      functions.now.begin(), functions.now.end(),
      [&](const ReplacedFunction& known) { return known.object.get() == function.get(); });
  if (is_done) return {};
  PyMethodDef** const place = place_in(function.get());
  PyMethodDef* const original = *place;
  PyMethodDef* const ours = definition_of(number, original);
  if (ours == nullptr) return replaced_by_other(kBuiltinDoors[number]);
  PyObject* const borrowed = function.get();
  functions.now.push_back({number, std::move(function), place, original});
  return sets.point(borrowed, place, ours);
}

}  // namespace

Status open_doors_in(ReplacedFunctions& functions) {
  SIGNEDVFS_ASSIGN(const SupportSets sets, SupportSets::find());
  // Those that were found before are what stands behind whatever has taken their places since.
  std::vector<std::pair<std::size_t, PyRef>> known;
  known.reserve(functions.ever.size());
  for (const auto& [number, function] : functions.ever) {
    known.emplace_back(number, PyRef::borrow(function.get()));
  }
  for (auto& [number, function] : known) {
    SIGNEDVFS_TRY(open_door(number, std::move(function), sets, functions));
  }
  for (std::size_t number = 0; number < kBuiltinDoors.size(); ++number) {
    SIGNEDVFS_ASSIGN(PyRef function, stored_at(kBuiltinDoors[number]));
    if (!function) continue;
    const bool is_known = std::any_of(functions.ever.begin(), functions.ever.end(),
                                      [&](const auto& one) { return one.first == number; });
    if (place_in(function.get()) == nullptr) {
      if (is_known) continue;
      return replaced_by_other(kBuiltinDoors[number]);
    }
    const bool is_same = std::any_of(functions.ever.begin(), functions.ever.end(),
                                     [&](auto& one) { return one.second.get() == function.get(); });
    if (!is_same) functions.ever.emplace_back(number, PyRef::borrow(function.get()));
    SIGNEDVFS_TRY(open_door(number, std::move(function), sets, functions));
  }
  return {};
}

Status close_doors_in(ReplacedFunctions& functions) {
  SIGNEDVFS_ASSIGN(const SupportSets sets, SupportSets::find());
  Status outcome;
  const std::vector<ReplacedFunction> all = std::exchange(functions.now, {});
  for (const ReplacedFunction& one : all) {
    Status pointed = sets.point(one.object.get(), one.place, one.original);
    if (!pointed.ok()) outcome = std::move(pointed);
  }
  return outcome;
}

}  // namespace signedvfs
