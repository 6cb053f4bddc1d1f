#include "importer/modules/spec.h"

#include <utility>

namespace signedvfs {
namespace {

// From Python 3.15 on modules have no `__cached__`.
constexpr bool kModulesNameTheirCache = PY_VERSION_HEX < 0x030f0000;

// SpecValues are the attributes in which specs differ; null: as the constructor leaves it.
struct SpecValues {
  PyObject* name;
  PyObject* loader;
  PyObject* origin = nullptr;
  PyObject* locations = nullptr;
  PyObject* has_location = nullptr;
  PyObject* cached = nullptr;

  PyObject* find(const ImportSystem& system, const PyRef& field) const noexcept {
    if (field.get() == system.name.get()) return name;
    if (field.get() == system.loader.get()) return loader;
    if (field.get() == system.origin.get()) return origin;
    if (field.get() == system.locations.get()) return locations;
    if (field.get() == system.has_location.get()) return has_location;
    if (field.get() == system.cached.get()) return cached;
    return nullptr;
  }
};

// ask_for_spec makes a spec as every loader does, where importlib keeps other attributes than those
// known here, or keeps them in another way.
Result<PyRef> ask_for_spec(const ImportSystem& system, const SpecValues& values) {
  PyObject* const arguments[] = {values.name, values.loader};
  SIGNEDVFS_ASSIGN(PyRef spec,
                   owned(PyObject_Vectorcall(system.module_spec.get(), arguments, 2, nullptr)));
  const std::pair<const char*, PyObject*> given[] = {
      {"origin", values.origin},
      {"submodule_search_locations", values.locations},
      {"has_location", values.has_location},
      {"cached", values.cached},
  };
  for (const auto& [name, value] : given) {
    if (value != nullptr && PyObject_SetAttrString(spec.get(), name, value) < 0) {
      return python_error();
    }
  }
  return spec;
}

Result<PyRef> new_spec(const ImportSystem& system, const SpecValues& values) {
  if (system.spec_fields.empty()) return ask_for_spec(system, values);
  auto* const type = reinterpret_cast<PyTypeObject*>(system.module_spec.get());
  SIGNEDVFS_ASSIGN(const PyRef none, owned(PyTuple_New(0)));
  SIGNEDVFS_ASSIGN(PyRef spec, owned(type->tp_new(type, none.get(), nullptr)));
  for (const ImportSystem::SpecField& field : system.spec_fields) {
    PyRef fresh;
    PyObject* value = values.find(system, field.name);
    if (value == nullptr && PyList_CheckExact(field.value.get()) != 0) {
      SIGNEDVFS_ASSIGN(fresh, owned(PyList_New(0)));
      value = fresh.get();
    }
    if (value == nullptr) value = field.value.get();
    if (PyObject_SetAttr(spec.get(), field.name.get(), value) < 0) return python_error();
  }
  return spec;
}

Result<PyRef> list_of(PyObject* item) {
  SIGNEDVFS_ASSIGN(PyRef list, owned(PyList_New(1)));
  Py_INCREF(item);
  PyList_SET_ITEM(list.get(), 0, item);
  return list;
}

bool is_bytecode(PyObject* path) {
  const Py_ssize_t size = PyUnicode_GetLength(path);
  return size > 0 && PyUnicode_ReadChar(path, size - 1) == 'c';
}

}  // namespace

Result<PyRef> make_spec(const ImportSystem& system, PyObject* name, PyObject* loader,
                        PyObject* origin, PyObject* location) {
  SpecValues values{name, loader, origin};
  PyRef locations;
  if (location != nullptr) {
    SIGNEDVFS_ASSIGN(locations, list_of(location));
    values.locations = locations.get();
  }
  values.has_location = Py_True;
  // What importlib would find out by itself, once somebody asks: bytecode is its own cache.
  if (is_bytecode(origin)) values.cached = origin;
  return new_spec(system, values);
}

Result<PyRef> make_namespace_spec(const ImportSystem& system, PyObject* name, PyObject* location) {
  SIGNEDVFS_ASSIGN(const PyRef locations, list_of(location));
  SpecValues values{name, Py_None};
  values.locations = locations.get();
  return new_spec(system, values);
}

Result<PyRef> package_of(PyObject* name, bool is_package) {
  if (is_package) return PyRef::borrow(name);
  const Py_ssize_t dot = PyUnicode_FindChar(name, '.', 0, PyUnicode_GetLength(name), -1);
  if (dot == -2) return python_error();
  return owned(PyUnicode_Substring(name, 0, dot < 0 ? 0 : dot));
}

Result<PyRef> make_module(const ImportSystem& system, PyObject* spec) {
  const bool is_known =
      Py_TYPE(spec) == reinterpret_cast<PyTypeObject*>(system.module_spec.get()) &&
      !system.spec_fields.empty();
  if (!is_known) return PyRef::borrow(Py_None);
  const auto get = [&](const PyRef& name) { return owned(PyObject_GetAttr(spec, name.get())); };
  SIGNEDVFS_ASSIGN(const PyRef name, get(system.name));
  SIGNEDVFS_ASSIGN(const PyRef loader, get(system.loader));
  SIGNEDVFS_ASSIGN(const PyRef origin, get(system.origin));
  SIGNEDVFS_ASSIGN(const PyRef locations, get(system.locations));
  SIGNEDVFS_ASSIGN(const PyRef has_location, get(system.has_location));
  SIGNEDVFS_ASSIGN(const PyRef cached, get(system.cached));
  const bool usual = PyUnicode_CheckExact(name.get()) != 0 && loader.get() != Py_None &&
                     has_location.get() == Py_True &&
                     (cached.get() != Py_None || !kModulesNameTheirCache);
  if (!usual) return PyRef::borrow(Py_None);

  const bool is_package = locations.get() != Py_None;
  SIGNEDVFS_ASSIGN(const PyRef parent, package_of(name.get(), is_package));
  SIGNEDVFS_ASSIGN(PyRef module, owned(PyModule_NewObject(name.get())));
  PyObject* const names = PyModule_GetDict(module.get());  // borrowed
  const auto set = [&](const PyRef& key, PyObject* value) {
    return PyDict_SetItem(names, key.get(), value) == 0;
  };
  // In the order in which importlib sets them: vars() of a module shows it.
  if (!set(system.dunder_loader, loader.get()) || !set(system.dunder_package, parent.get()) ||
      !set(system.dunder_spec, spec) || (is_package && !set(system.dunder_path, locations.get())) ||
      !set(system.dunder_file, origin.get()) ||
      (kModulesNameTheirCache && !set(system.dunder_cached, cached.get()))) {
    return python_error();
  }
  return module;
}

}  // namespace signedvfs
