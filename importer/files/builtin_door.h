// Functions of C that are answered by ours, in the very objects that Python has of them.
//
// A built-in function is an object that points to the definition of its C function (PyCFunction,
// PyMethodDescr). We point it to a definition of our own, with the same name, text and calling
// convention. So whoever took the function before (`from os import stat`) comes through as well,
// `os.stat in os.supports_dir_fd` stays true, nothing has a layer of Python more, and undoing it
// leaves nothing behind. The interpreter itself looks at the definition at each call.
#pragma once

#include <cstdint>
#include <vector>

#include "archive/base/status.h"
#include "importer/files/call.h"
#include "importer/files/replaced.h"
#include "importer/python/object.h"

namespace signedvfs {

// Passing is the way on to the original function.
struct Passing {
  std::size_t door;
  PyObject* self;

  PyObject* original(const Arguments& given) const;

  // original_stat is the original of os.stat, whatever this is the way to.
  PyObject* original_stat(PyObject* path) const;
};

// Answer is what stands behind a door: it returns what the function returns, by itself or from the
// original, with an exception where that is null.
using Answer = PyObject* (*)(Call& call, const Passing& passing);

// BuiltinDoor is where a function is, and what answers in its place.
struct BuiltinDoor {
  const char* module;
  const char* owner;  // the class there, or "" for a function of the module
  const char* name;
  Answer answer;

  // What the first argument has to be for `answer` to be left out: a path that is plainly
  // elsewhere, or a descriptor while none of ours is known. kNoWay: nor one on the way to what is
  // ours, for functions that can tell of a link itself. kNothing: it is always asked.
  enum class Quick : std::uint8_t { kNothing, kFirst, kNoWay } quick = Quick::kFirst;
};

// open_doors_in replaces the functions of those modules of the table that are loaded. Where it has
// been done it does nothing. A function that somebody has replaced by another kind of object before
// we ever saw it is a `kUsage`: nobody could tell where that leads.
Status open_doors_in(ReplacedFunctions& functions);

// close_doors_in undoes that. Fails with `kPython` where a set of `os` did not take a function
// back.
Status close_doors_in(ReplacedFunctions& functions);

}  // namespace signedvfs
