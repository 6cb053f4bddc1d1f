// The importer of the running interpreter, which the finder and the hook share.
#pragma once

#include <pybind11/pybind11.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "importer/finder.h"
#include "importer/import_state.h"
#include "importer/python.h"

namespace signedvfs {

// import_state returns what the interpreter's importer remembers; it is made at the first call.
std::shared_ptr<ImportState> import_state();

// fetching returns what an importer asks for its policy: `trust`, with its Python exceptions as
// Status. Called with the GIL.
ImportState::FetchTrust fetching(std::function<Trust()> trust);

// claim_for returns the finder for an entry of sys.path: that of the hook for given roots, of those
// in sys.path_hooks, below whose roots it lies, and otherwise that of the hook over all archives;
// nothing where it is nobody's. Opens nothing.
std::optional<Finder> claim_for(const pybind11::object& path);

// roots_of returns the roots of an importer as a tuple of str.
pybind11::tuple roots_of(const ImportState& state);

// own_function returns the function `name` of our Python module `module`, which is imported only
// now: whoever asks may be in the middle of an import. What is missing there is a RuntimeError.
pybind11::object own_function(const char* module, const char* name);

// finder_type is Python's `zipimporter`.
PyTypeObject* finder_type();

// find_spec_by is `zipimporter.find_spec(name)` for C++; `type` is that class itself, and the
// finder's.
Result<PyRef> find_spec_by(PyTypeObject* type, PyObject* finder, PyObject* name);

// own_find_spec is what that class has as `find_spec`, unless a program has replaced it.
pybind11::object own_find_spec();

// throw_import_error raises zipimport.ZipImportError about `path`.
[[noreturn]] void throw_import_error(const pybind11::object& path, const std::string& why);

// watch_import returns the spec of a module that is about to be imported: `spec`, which may be
// None, unless the module has side doors. Then the finders behind `finder` are asked for what it
// has not found, and the doors are closed as soon as the module has been executed.
pybind11::object watch_import(pybind11::handle finder, pybind11::handle name, pybind11::handle path,
                              pybind11::handle target, pybind11::object spec);

// enter_meta_path puts our entry in front of sys.meta_path where it is not in it.
void enter_meta_path();

// close_side_doors takes the places of the functions of the standard library that open archives by
// themselves, or start interpreters without the hook, as far as they are loaded, and watches for
// the others. Where it has been done it closes again what somebody has opened since, and is cheap.
void close_side_doors();

// known_side_doors returns what the interpreter knows of its doors, once some have been closed.
pybind11::object known_side_doors();

// close_new_side_doors closes the doors of modules that have come past our entry of sys.meta_path;
// `known` is from known_side_doors. It costs a few look-ups in a dictionary.
void close_new_side_doors(const pybind11::object& known);

}  // namespace signedvfs
