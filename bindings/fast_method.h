// Methods that every import calls, without the cost of pybind11's dispatch.
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <cstddef>
#include <exception>
#include <new>

namespace signedvfs {

// pybind11 chooses among overloads and converts arguments through tables, which takes longer than
// importing a small module takes otherwise. These methods have no overloads and take Python objects
// as they are, so Python calls them directly (PEP 590).

// FastCall is what Python hands to such a method: the object, the class that the method was added
// to, and the arguments.
struct FastCall {
  PyObject* self;
  PyTypeObject* type;
  PyObject* const* arguments;
  std::size_t count;  // of those without a name
  PyObject* names;    // of those behind them: a tuple of str; null: none
};

// read_arguments borrows the arguments of `call` for the parameters `names`, of which the first has
// to be given; null stands for what is missing. Throws a TypeError as Python would.
void read_arguments(const FastCall& call, const char* function, const char* const* names,
                    PyObject** out, std::size_t size);

template <std::size_t kSize>
std::array<PyObject*, kSize> read_arguments(const FastCall& call, const char* function,
                                            const char* const (&names)[kSize]) {
  std::array<PyObject*, kSize> out{};
  read_arguments(call, function, names, out.data(), kSize);
  return out;
}

// value_of borrows the C++ object of `self`, an instance of `type` or of a subclass, which may have
// more bases. Throws a TypeError where `__init__` has not made it.
template <class T>
const T& value_of(PyObject* self, PyTypeObject* type) {
  auto* const instance = reinterpret_cast<pybind11::detail::instance*>(self);
  const auto* const known = Py_TYPE(self) == type ? nullptr : pybind11::detail::get_type_info(type);
  const void* const value = instance->get_value_and_holder(known).value_ptr();
  if (value == nullptr) {
    throw pybind11::type_error("__init__() of the object has not been called");
  }
  return *static_cast<const T*>(value);
}

// fast_method is the C function of the method `kBody`, which throws as pybind11's functions do.
template <pybind11::object (*kBody)(const FastCall&)>
PyObject* fast_method(PyObject* self, PyTypeObject* type, PyObject* const* arguments,
                      std::size_t count, PyObject* names) noexcept {
  try {
    try {
      return kBody({self, type, arguments, count, names}).release().ptr();
    } catch (pybind11::error_already_set& error) {
      error.restore();
    } catch (const pybind11::builtin_exception& error) {
      error.set_error();
    }
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (...) {
    PyErr_SetString(PyExc_SystemError, "an exception of an unknown kind");
  }
  return nullptr;
}

// add_method gives `type` the method that `kBody` is. `doc` begins with the signature, "name($self,
// ...)", and two dashes, for `inspect`.
void add_method(pybind11::handle type, PyMethodDef& definition);

template <pybind11::object (*kBody)(const FastCall&)>
void add_method(pybind11::handle type, const char* name, const char* doc) {
  // Python keeps a pointer to it, in every interpreter.
  static PyMethodDef definition{
      name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&fast_method<kBody>)),
      METH_METHOD | METH_FASTCALL | METH_KEYWORDS, doc};
  add_method(type, definition);
}

}  // namespace signedvfs
