#include "importer/files/constructor_door.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

#include "importer/files/builders.h"
#include "importer/files/files.h"
#include "importer/python/guard.h"

namespace signedvfs {
namespace {

constexpr std::array kConstructorDoors{
    ConstructorDoor{"_io", "FileIO", &build_file_io, true},
    ConstructorDoor{"_sqlite3", "Connection", &build_connection, false},
};
constexpr std::size_t kDoors = kConstructorDoors.size();

// Constructors are functions of the process. Where a class is one object for all interpreters, as
// io.FileIO was up to 3.11, the last of them that has doors puts back what was there.
std::array<std::atomic<initproc>, kDoors> original_constructors;
std::array<std::atomic<int>, kDoors> users;

// Given is what the call of a class gives, as what the call of a function does.
struct Given {
  std::vector<PyObject*> values;
  PyRef names;
};

std::optional<Given> given_in(PyObject* positional, PyObject* named) {
  Given out;
  const Py_ssize_t count = PyTuple_GET_SIZE(positional);
  for (Py_ssize_t i = 0; i < count; ++i) out.values.push_back(PyTuple_GET_ITEM(positional, i));
  if (named == nullptr || PyDict_Size(named) == 0) return out;
  out.names = PyRef::steal(PyTuple_New(PyDict_Size(named)));
  if (!out.names) return std::nullopt;
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t next = 0;
  for (Py_ssize_t at = 0; PyDict_Next(named, &at, &name, &value) != 0; ++next) {
    PyTuple_SET_ITEM(out.names.get(), next, PyRef::borrow(name).release());
    out.values.push_back(value);
  }
  return out;
}

int build(Files& files, const ConstructorDoor& door, const Construction& construction) {
  const std::optional<Given> given = given_in(construction.positional, construction.named);
  if (!given) return -1;
  Call call(files,
            {given->values.data(), PyTuple_GET_SIZE(construction.positional), given->names.get()});
  return door.builder(call, construction);
}

bool is_passed(const Files& files, PyObject* positional) noexcept {
  return PyTuple_GET_SIZE(positional) > 0 &&
         is_plainly_elsewhere(files, PyTuple_GET_ITEM(positional, 0));
}

template <std::size_t kDoor>
int init(PyObject* self, PyObject* positional, PyObject* named) {
  const Construction construction{self, positional, named, original_constructors[kDoor].load()};
  Files* const files = running_files();
  if (files == nullptr) return construction.go_on();
  if constexpr (kConstructorDoors[kDoor].is_plain) {
    if (is_passed(*files, positional)) return construction.go_on();
  }
  return at_edge([&] { return build(*files, kConstructorDoors[kDoor], construction); }, -1);
}

template <std::size_t... kNumbers>
constexpr std::array<initproc, kDoors> all_constructors(std::index_sequence<kNumbers...> /*all*/) {
  return {&init<kNumbers>...};
}
constexpr auto kConstructors = all_constructors(std::make_index_sequence<kDoors>());

bool is_shared(PyTypeObject* type) noexcept {
  return PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) == 0;
}

// wrapper_of returns what `__init__` of the class is to those who call it by name.
Result<PyRef> wrapper_of(PyTypeObject* type) {
  SIGNEDVFS_ASSIGN(PyRef found,
                   owned(PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), "__init__")));
  return Py_IS_TYPE(found.get(), &PyWrapperDescr_Type) ? std::move(found) : PyRef();
}

void point(PyTypeObject* type, PyObject* wrapper, initproc function) noexcept {
  std::atomic_ref(type->tp_init).store(function, std::memory_order_release);
  if (wrapper == nullptr) return;
  std::atomic_ref(reinterpret_cast<PyWrapperDescrObject*>(wrapper)->d_wrapped)
      .store(reinterpret_cast<void*>(function), std::memory_order_release);
}

// replace does so for a class and what has inherited the constructor from it.
Status replace(std::size_t door, PyTypeObject* type, std::vector<ReplacedClass>& done) {
  if (type->tp_init == original_constructors[door].load()) {
    SIGNEDVFS_ASSIGN(PyRef wrapper, wrapper_of(type));
    PyObject* const borrowed = wrapper.get();
    done.push_back({door, PyRef::borrow(reinterpret_cast<PyObject*>(type)), std::move(wrapper),
                    type->tp_init});
    point(type, borrowed, kConstructors[door]);
  }
  // A class with a constructor of its own can have others below it that have taken this one back.
  SIGNEDVFS_ASSIGN(const PyRef below, owned(PyObject_CallMethod(reinterpret_cast<PyObject*>(type),
                                                                "__subclasses__", nullptr)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(below.get()); ++i) {
    auto* const subclass = reinterpret_cast<PyTypeObject*>(PyList_GET_ITEM(below.get(), i));
    SIGNEDVFS_TRY(replace(door, subclass, done));
  }
  return {};
}

// class_at returns the class at a door, or nothing: its module is not loaded.
Result<PyRef> class_at(const ConstructorDoor& door) {
  const PyRef name = PyRef::steal(PyUnicode_FromString(door.module));
  if (!name) return python_error();
  const PyRef module = PyRef::steal(PyImport_GetModule(name.get()));
  if (!module && PyErr_Occurred() != nullptr) return python_error();
  if (!module) return PyRef();
  PyRef found = PyRef::steal(PyObject_GetAttrString(module.get(), door.name));
  if (!found) PyErr_Clear();
  if (found && PyType_Check(found.get()) == 0) {
    return Status(Errc::kUsage, std::string(door.module) + '.' + door.name +
                                    " is not the class that Python has there");
  }
  return found;
}

}  // namespace

Status open_constructors(std::vector<ReplacedClass>& done) {
  for (std::size_t door = 0; door < kDoors; ++door) {
    SIGNEDVFS_ASSIGN(PyRef found, class_at(kConstructorDoors[door]));
    if (!found) continue;
    // Whoever imports the module anew has another class.
    const bool is_done = std::any_of(done.begin(), done.end(), [&](const ReplacedClass& known) {
      return known.door == door && known.type.get() == found.get();
    });
    if (is_done) continue;
    const bool is_first = std::none_of(
        done.begin(), done.end(), [&](const ReplacedClass& known) { return known.door == door; });
    auto* const type = reinterpret_cast<PyTypeObject*>(found.get());
    if (is_first) ++users[door];
    if (type->tp_init == kConstructors[door]) {  // another interpreter's doors share the class
      done.push_back({door, std::move(found), PyRef(), original_constructors[door].load()});
      continue;
    }
    original_constructors[door] = type->tp_init;
    SIGNEDVFS_TRY(replace(door, type, done));
  }
  return {};
}

void close_constructors(std::vector<ReplacedClass>& done) noexcept {
  std::array<bool, kDoors> is_last{};
  for (std::size_t door = 0; door < kDoors; ++door) {
    const bool is_used = std::any_of(
        done.begin(), done.end(), [&](const ReplacedClass& known) { return known.door == door; });
    if (is_used) is_last[door] = --users[door] == 0;
  }
  const std::vector<ReplacedClass> all = std::exchange(done, {});
  for (const ReplacedClass& one : all) {
    auto* const type = reinterpret_cast<PyTypeObject*>(one.type.get());
    if (is_last[one.door] || !is_shared(type)) point(type, one.wrapper.get(), one.original);
  }
}

}  // namespace signedvfs
