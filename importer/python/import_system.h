// The parts of Python's import system that every import of ours needs, looked up once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "importer/python/object.h"

namespace signedvfs {

// ImportSystem belongs to one interpreter, and to the GIL like everything Python. What programs
// change at run time (sys.meta_path, sys.path_importer_cache, `--check-hash-based-pycs` in tests)
// is not kept here, but asked for each time.
struct ImportSystem {
  // fetch asks the running interpreter, and imports nothing.
  static Result<ImportSystem> fetch();

  std::uint32_t magic_number = 0;  // of this interpreter's .pyc files (PEP 3147)

  // cached_ending ends the names of this interpreter's files in `__pycache__`: ".cpython-311.pyc",
  // or
  // ".cpython-311.opt-1.pyc" under -O (PEP 488). Empty: it has none.
  std::string cached_ending;

  PyRef imp;           // the module _imp
  PyRef call_trimmed;  // calls a function and leaves the import system's frames out of tracebacks
  PyRef exec;
  PyRef compile;
  PyRef rename_code;  // gives a code object, and those inside it, another co_filename
  PyRef is_frozen;    // tells whether there is a frozen module of a name

  // own_library is the directory of the interpreter's own library, in UTF-8; empty: not known.
  std::string own_library;

  // prefixes are the directories that the interpreter, or its virtual environment, is installed
  // into, in UTF-8.
  std::vector<std::string> prefixes;

  PyRef builtin_names;  // a frozenset of the names of built-in modules

  // SpecField is an attribute of a ModuleSpec as its constructor leaves it.
  struct SpecField {
    PyRef name;
    PyRef value;  // the default; a list stands for a fresh empty list
  };
  PyRef module_spec;                   // the class (PEP 451)
  std::vector<SpecField> spec_fields;  // empty: it keeps them in another way than is known here

  // StandardFinder is one of the finders that every interpreter starts with in sys.meta_path, and
  // the function that it finds modules with, which a program may have replaced.
  struct StandardFinder {
    PyRef type;
    PyRef find_spec;
  };
  std::array<StandardFinder, 3> standard_finders;  // built-in, frozen, path

  // own_find_spec returns what the class `type` itself has as `find_spec`; empty: nothing.
  PyRef own_find_spec(PyObject* type) const;

  // Attribute names, interned.
  PyRef name, loader, origin, locations, has_location, cached, find_spec;
  PyRef dunder_name, dunder_loader, dunder_package, dunder_spec, dunder_path, dunder_file,
      dunder_cached;
  PyRef dunder_dict, check_hash_based_pycs;
};

}  // namespace signedvfs
