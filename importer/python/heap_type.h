// Python classes that hold a C++ value, made by hand (PEP 384, PEP 573).
//
// Such a class belongs to one interpreter. An object of it holds a value, or is one that `__new__`
// has made without `__init__`: `value_in` is the only way to the value, and tells.
#pragma once

#include <Python.h>
#include <structmember.h>

#include <cstddef>
#include <new>
#include <optional>
#include <utility>

#include "importer/python/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// HolderHead is what Python has to find by its offset.
struct HolderHead {
  PyObject ob_base;
  PyObject* dict;  // attributes that Python sets, up to 3.11; null where none is set
  PyObject* weak_references;
  Interpreter* home;  // the object's class keeps it
};

template <class Value>
struct Holder : HolderHead {
  std::optional<Value> value;
};

template <class Value>
Holder<Value>* holder_of(PyObject* self) noexcept {
  return reinterpret_cast<Holder<Value>*>(self);
}

// is_alive is a RuntimeError where the object's class has outlived what it goes by.
inline bool is_alive(const HolderHead& holder) {
  if (holder.home->is_alive) return true;
  PyErr_SetString(PyExc_RuntimeError, "signedvfs has been taken apart: Python is ending");
  return false;
}

// has_gone is a RuntimeError where the garbage collector has taken the class `type` from us.
bool has_gone(const PyTypeObject* type);

// new_holder returns an object of `type` without a value.
template <class Value>
PyRef new_holder(PyTypeObject* type, Interpreter* home) {
  if (has_gone(type)) return {};
  PyObject* const made = type->tp_alloc(type, 0);  // zeroed
  if (made == nullptr) return {};
  auto* const holder = holder_of<Value>(made);
  holder->home = home;
  ::new (&holder->value) std::optional<Value>();
  return PyRef::steal(made);
}

// new_object returns an object of `type` that holds `value`.
template <class Value>
Result<PyRef> new_object(PyTypeObject* type, Interpreter* home, Value value) {
  PyRef made = new_holder<Value>(type, home);
  if (!made) return python_error();
  holder_of<Value>(made.get())->value.emplace(std::move(value));
  return made;
}

// value_in borrows the value of `self`; null, with a TypeError, where there is none. Objects may
// also outlive what their class goes by, at the interpreter's end: that is a RuntimeError.
template <class Value>
Value* value_in(PyObject* self) {
  auto* const holder = holder_of<Value>(self);
  if (!is_alive(*holder)) return nullptr;
  if (holder->value) return &*holder->value;
  PyErr_Format(PyExc_TypeError, "%.200s.__init__() of the object has not been called",
               Py_TYPE(self)->tp_name);
  return nullptr;
}

// put_value gives `self` its value, once: others may be using what is there. A TypeError where it
// has one already.
template <class Value>
int put_value(PyObject* self, Value value) {
  auto& place = holder_of<Value>(self)->value;
  bool is_free = false;
#ifdef Py_GIL_DISABLED
  Py_BEGIN_CRITICAL_SECTION(self);
#endif
  is_free = !place.has_value();
  if (is_free) place.emplace(std::move(value));
#ifdef Py_GIL_DISABLED
  Py_END_CRITICAL_SECTION();
#endif
  if (is_free) return 0;
  PyErr_Format(PyExc_TypeError, "%.200s.__init__() has been called already",
               Py_TYPE(self)->tp_name);
  return -1;
}

// kHasAttributes says that Python may set attributes on objects that hold a `Value`. From
// Python 3.12 on the interpreter itself keeps these, and before it `HolderHead::dict` does.
template <class Value>
inline constexpr bool kHasAttributes = false;

inline int visit_attributes(PyObject* self, visitproc visit, void* arg) {
#if PY_VERSION_HEX >= 0x030d0000
  return PyObject_VisitManagedDict(self, visit, arg);
#elif PY_VERSION_HEX >= 0x030c0000
  return _PyObject_VisitManagedDict(self, visit, arg);
#else
  Py_VISIT(reinterpret_cast<HolderHead*>(self)->dict);
  return 0;
#endif
}

inline void clear_attributes(PyObject* self) {
#if PY_VERSION_HEX >= 0x030d0000
  PyObject_ClearManagedDict(self);
#elif PY_VERSION_HEX >= 0x030c0000
  _PyObject_ClearManagedDict(self);
#else
  Py_CLEAR(reinterpret_cast<HolderHead*>(self)->dict);
#endif
}

// Slots of such classes. `Value` may have a member `traverse(visitproc, void*)` where it holds
// references that can be part of a cycle, and `clear()` to drop them.
template <class Value>
int traverse_holder(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if constexpr (kHasAttributes<Value>) {
    if (const int stop = visit_attributes(self, visit, arg); stop != 0) return stop;
  }
  auto* const holder = holder_of<Value>(self);
  if constexpr (requires(const Value& value) { value.traverse(visit, arg); }) {
    if (holder->value) return holder->value->traverse(visit, arg);
  }
  return 0;
}

template <class Value>
int clear_holder(PyObject* self) {
  if constexpr (kHasAttributes<Value>) clear_attributes(self);
  auto* const holder = holder_of<Value>(self);
  if constexpr (requires(Value& value) { value.clear(); }) {
    if (holder->value) holder->value->clear();
  }
  return 0;
}

template <class Value>
void free_holder(PyObject* self) {
  outliving([&] {
    PyTypeObject* const type = Py_TYPE(self);
    auto* const holder = holder_of<Value>(self);
    PyObject_GC_UnTrack(self);
    if (holder->weak_references != nullptr) PyObject_ClearWeakRefs(self);
    if constexpr (kHasAttributes<Value>) clear_attributes(self);
    holder->value.~optional();
    type->tp_free(self);
    Py_DECREF(type);
  });
}

// The members by which Python finds what `HolderHead` has for it.
inline constexpr PyMemberDef kWeakMember{"__weaklistoffset__", T_PYSSIZET,
                                         offsetof(HolderHead, weak_references), READONLY, nullptr};
#if PY_VERSION_HEX >= 0x030c0000
inline constexpr unsigned long kAttributesFlag = Py_TPFLAGS_MANAGED_DICT;
inline constexpr PyMemberDef kDictMember{};  // the last one: there is nothing to be found
#else
inline constexpr unsigned long kAttributesFlag = 0;
inline constexpr PyMemberDef kDictMember{"__dictoffset__", T_PYSSIZET, offsetof(HolderHead, dict),
                                         READONLY, nullptr};
#endif

// kImmutableType has nobody replace the attributes of a class, where Python can see to that.
#if PY_VERSION_HEX >= 0x030a0000
inline constexpr unsigned long kImmutableType = Py_TPFLAGS_IMMUTABLETYPE;
#else
inline constexpr unsigned long kImmutableType = 0;
#endif

// not_made is the constructor of classes whose objects only we make.
PyObject* not_made(PyTypeObject* type, PyObject* positional, PyObject* named);

// not_pickled is `__reduce__` of classes whose objects mean nothing elsewhere.
PyObject* not_pickled(PyObject* self);

// slot is what a table of slots holds of a function.
template <class Function>
PyType_Slot slot(int id, Function* function) noexcept {
  return {id, reinterpret_cast<void*>(function)};
}
inline PyType_Slot slot(int id, const char* text) noexcept { return {id, const_cast<char*>(text)}; }

// new_type makes a class of the module. `Interpreter` owns it.
Result<PyRef> new_type(Interpreter& home, PyType_Spec& spec);

// add_type makes one, keeps it in `place`, and gives the module its name.
Status add_type(Interpreter& home, PyType_Spec& spec, PyRef& place);

}  // namespace signedvfs
