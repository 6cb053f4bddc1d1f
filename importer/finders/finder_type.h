// The class `zipimporter`: what a Finder is for Python (PEP 302, PEP 451).
#pragma once

#include <string>

#include "archive/base/status.h"
#include "importer/finders/finder.h"
#include "importer/python/heap_type.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

template <>
inline constexpr bool kHasAttributes<Finder> = true;

// add_finder_type makes the class, and puts it into the module.
Status add_finder_type(Interpreter& home);

// finder_in borrows the Finder that `object` holds; null where it is none of ours.
const Finder* finder_in(const Interpreter& home, PyObject* object) noexcept;

// finder_object returns a new object of the class for `finder`.
Result<PyRef> finder_object(Interpreter& home, Finder finder);

// find_spec_of is `zipimporter.find_spec(name)`; `self` is Python's object for `finder`. What is
// refused has been raised already.
Result<PyRef> find_spec_of(Interpreter& home, const Finder& finder, PyObject* self, PyObject* name);

// path_of_finder returns the str that the class makes an equal object of.
Result<PyRef> path_of_finder(const Finder& finder);

// roots_of returns the roots of an importer as a tuple of str.
Result<PyRef> roots_of(const Importer& state);

// not_ours raises zipimport.ZipImportError about `path`.
Status not_ours(PyObject* path, const std::string& why);

}  // namespace signedvfs
