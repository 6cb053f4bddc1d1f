// What opening the doors has changed in Python's objects, to be undone exactly.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "importer/python/object.h"

namespace signedvfs {

// ReplacedFunction is what has been done to one function object.
struct ReplacedFunction {
  std::size_t door;
  PyRef object;
  PyMethodDef** place;    // in `object`
  PyMethodDef* original;  // what was there
};

// ReplacedFunctions is what has been done now, and to which functions, by door, it ever was.
struct ReplacedFunctions {
  std::vector<ReplacedFunction> now;
  std::vector<std::pair<std::size_t, PyRef>> ever;
};

// ReplacedClass is what has been done to a class, or to a subclass of it.
struct ReplacedClass {
  std::size_t door;  // which constructor it had
  PyRef type;
  PyRef wrapper;  // `__init__` of it; empty: there is none of its own kind
  initproc original;
};

}  // namespace signedvfs
