// The edge between Python, which knows no C++ exceptions, and our functions.
#pragma once

#include <exception>
#include <new>

#include "importer/python/arguments.h"
#include "importer/python/object.h"

namespace signedvfs {

// at_edge returns what `body` returns; a C++ exception becomes a Python exception and `failed`. A
// thread that Python ends in there stays there.
template <class Body, class Answer>
Answer at_edge(Body&& body, Answer failed) {
  try {
    return outliving(body);
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return failed;
}

// The functions below are what tables of methods and slots hold. Each takes a body that returns an
// owned reference, or null (or -1) with an exception set.

// method is METH_FASTCALL | METH_KEYWORDS.
template <PyObject* (*kBody)(PyObject* self, const Arguments& given)>
PyObject* method(PyObject* self, PyObject* const* values, Py_ssize_t count, PyObject* names) {
  return at_edge([&] { return kBody(self, Arguments{values, count, names}); },
                 static_cast<PyObject*>(nullptr));
}

// plain is METH_NOARGS, a getter, or tp_repr and the like.
template <PyObject* (*kBody)(PyObject* self)>
PyObject* plain(PyObject* self) {
  return at_edge([&] { return kBody(self); }, static_cast<PyObject*>(nullptr));
}
template <PyObject* (*kBody)(PyObject* self)>
PyObject* plain_method(PyObject* self, PyObject* /*nothing*/) {
  return plain<kBody>(self);
}
template <PyObject* (*kBody)(PyObject* self)>
PyObject* getter(PyObject* self, void* /*closure*/) {
  return plain<kBody>(self);
}

// constructor is tp_new; comparison is tp_richcompare; hash is tp_hash.
template <PyObject* (*kBody)(PyTypeObject* type, PyObject* positional, PyObject* named)>
PyObject* constructor(PyTypeObject* type, PyObject* positional, PyObject* named) {
  return at_edge([&] { return kBody(type, positional, named); }, static_cast<PyObject*>(nullptr));
}
template <PyObject* (*kBody)(PyObject* self, PyObject* other, int operation)>
PyObject* comparison(PyObject* self, PyObject* other, int operation) {
  return at_edge([&] { return kBody(self, other, operation); }, static_cast<PyObject*>(nullptr));
}
template <Py_hash_t (*kBody)(PyObject* self)>
Py_hash_t hash(PyObject* self) {
  return at_edge([&] { return kBody(self); }, Py_hash_t{-1});
}

// method_of makes the row of a table of methods. `doc` begins with the signature, "name($self,
// ...)", and two dashes, for `inspect`.
template <PyObject* (*kBody)(PyObject* self, const Arguments& given)>
PyMethodDef method_of(const char* name, const char* doc, int flags = 0) noexcept {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&method<kBody>)),
          METH_FASTCALL | METH_KEYWORDS | flags, doc};
}
template <PyObject* (*kBody)(PyObject* self)>
PyMethodDef method_of(const char* name, const char* doc, int flags = 0) noexcept {
  return {name, &plain_method<kBody>, METH_NOARGS | flags, doc};
}
template <PyObject* (*kBody)(PyObject* self)>
PyGetSetDef getter_of(const char* name, const char* doc) noexcept {
  return {name, &getter<kBody>, nullptr, doc, nullptr};
}

}  // namespace signedvfs
