#include "importer/doors/registries.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "importer/doors/looking.h"
#include "importer/doors/side_doors.h"
#include "importer/doors/table.h"
#include "importer/python/raised.h"

namespace signedvfs {
namespace {

// enter_pkgutil has iter_modules ask our finders. In C++: nearly every program loads pkgutil.
Status enter_pkgutil(const Interpreter& home, PyObject* function) {
  SIGNEDVFS_ASSIGN(const PyRef enter, attribute_of(function, "register"));
  if (!enter) return {};  // somebody's own
  SIGNEDVFS_ASSIGN(const PyRef ours,
                   owned(PyObject_GetAttrString(home.types.finder.get(), "iter_modules")));
  return outcome(owned(PyObject_CallFunctionObjArgs(enter.get(), home.types.finder_face.get(),
                                                    ours.get(), nullptr)));
}

Status enter_by_ours(const char* function, PyObject* module) {
  SIGNEDVFS_ASSIGN(const PyRef ours, own_function("signedvfs.registries", function));
  return outcome(owned(PyObject_CallFunctionObjArgs(ours.get(), module, nullptr)));
}

const ClassRegistry* registry_at(std::string_view name) noexcept {
  const auto* const found = std::find_if(
      kRegistries.begin(), kRegistries.end(),
      [&](const ClassRegistry& one) { return is_module_at(one.module, one.copied, name); });
  return found == kRegistries.end() ? nullptr : found;
}

// index_of returns where a list has an object; -1: nowhere.
Py_ssize_t index_of(PyObject* list, PyObject* object) noexcept {
  for (Py_ssize_t i = 0;; ++i) {
    const PyRef item = item_at(list, i);
    if (!item) return -1;
    if (item.get() == object) return i;
  }
}

}  // namespace

bool has_registry(std::string_view name) noexcept { return registry_at(name) != nullptr; }

Status Registries::create() {
  SIGNEDVFS_ASSIGN(entered_, owned(PyList_New(0)));
  return {};
}

Result<bool> Registries::enter(Interpreter& home, PyObject* module, std::string_view name) {
  const ClassRegistry* const registry = registry_at(name);
  if (registry == nullptr || !home.types.finder_face) return true;
  if (index_of(entered_.get(), module) >= 0) return true;
  // Looked up where nothing is executed for it: the module may be a lazy one.
  if (PyModule_Check(module) == 0) return true;
  SIGNEDVFS_ASSIGN(const PyRef ready, item_named(PyModule_GetDict(module), registry->ready));
  if (!ready) return false;
  // First of all it is known, for what is entered may ask our finders for their class.
  if (PyList_Append(entered_.get(), module) < 0) return python_error();
  const Status done = registry->function == kInNative ? enter_pkgutil(home, ready.get())
                                                      : enter_by_ours(registry->function, module);
  if (done.ok()) return true;
  PyRef waiting = take_raised();
  forget(module);
  if (waiting) raise_again(std::move(waiting));
  return done;
}

void Registries::forget(PyObject* module) {
  const Py_ssize_t at = index_of(entered_.get(), module);
  if (at >= 0 && PyList_SetSlice(entered_.get(), at, at + 1, nullptr) < 0) PyErr_Clear();
}

Status Registries::enter_or_wait(Interpreter& home, PyObject* module, std::string_view name) {
  const ClassRegistry* const registry = registry_at(name);
  if (registry == nullptr || index_of(entered_.get(), module) >= 0) return {};
  if (registry->function == kInNative) return outcome(enter(home, module, name));
  begin(module);
  return {};
}

void Registries::begin(PyObject* module) {
  forget(module);  // executed again it has a new registry
  const std::scoped_lock lock(mutex_);
  const bool is_known = std::any_of(begun_.begin(), begun_.end(),
                                    [&](const PyRef& one) { return one.get() == module; });
  if (!is_known) begun_.push_back(PyRef::borrow(module));
  any_begun_ = true;
}

void Registries::end(PyObject* module) {
  PyRef ended;  // goes when the lock is open again
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(begun_.begin(), begun_.end(),
                                  [&](const PyRef& one) { return one.get() == module; });
  if (found == begun_.end()) return;
  ended = std::move(*found);
  begun_.erase(found);
  any_begun_ = !begun_.empty();
}

Status Registries::enter_begun(Interpreter& home) {
  if (!any_begun_) return {};
  std::vector<PyRef> all;
  {
    const std::scoped_lock lock(mutex_);
    for (const PyRef& one : begun_) all.push_back(PyRef::borrow(one.get()));
  }
  for (const PyRef& module : all) {
    SIGNEDVFS_ASSIGN(const PyRef name, attribute_of(module.get(), "__name__"));
    SIGNEDVFS_ASSIGN(const bool done, enter(home, module.get(), text_in(name.get())));
    if (done) end(module.get());
  }
  return {};
}

int Registries::traverse(visitproc visit, void* arg) const {
  Py_VISIT(entered_.get());
  return 0;
}

}  // namespace signedvfs
