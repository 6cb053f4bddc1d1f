// What Python hands to a method that it calls directly (PEP 590).
#pragma once

#include <array>
#include <cstddef>

#include "importer/python/object.h"

namespace signedvfs {

// Arguments are borrowed from the caller for the time of the call.
struct Arguments {
  PyObject* const* values;
  Py_ssize_t count;  // of those without a name
  PyObject* names;   // of those behind them: a tuple of str; null: none
};

// read_arguments puts the arguments of `function` into `out`, one for each parameter in `names`, of
// which the first `required` have to be given; null stands for what is missing. False, with a
// TypeError as Python would raise it, where they do not fit.
bool read_arguments(const Arguments& given, const char* function, const char* const* names,
                    std::size_t required, PyObject** out, std::size_t size);

// Parameters is the signature of a function: its name, and the names of what it takes.
template <std::size_t kSize>
struct Parameters {
  const char* function;
  std::size_t required;
  std::array<const char*, kSize> names;

  bool read(const Arguments& given, std::array<PyObject*, kSize>& out) const {
    out.fill(nullptr);
    return read_arguments(given, function, names.data(), required, out.data(), kSize);
  }

  // read does the same for a constructor, which Python still calls with a tuple and a dict.
  bool read(PyObject* positional, PyObject* named, std::array<PyObject*, kSize>& out) const;
};

// read_constructor is what `Parameters::read` does for constructors.
bool read_constructor(PyObject* positional, PyObject* named, const char* function,
                      const char* const* names, std::size_t required, PyObject** out,
                      std::size_t size);

template <std::size_t kSize>
bool Parameters<kSize>::read(PyObject* positional, PyObject* named,
                             std::array<PyObject*, kSize>& out) const {
  out.fill(nullptr);
  return read_constructor(positional, named, function, names.data(), required, out.data(), kSize);
}

}  // namespace signedvfs
