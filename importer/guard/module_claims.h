// What a loaded module says of itself, read so that none of its code runs. Private to guard/.
#pragma once

#include <optional>
#include <string>

#include "archive/base/status.h"
#include "importer/python/object.h"

namespace signedvfs {

// Loaded is an entry of sys.modules. What it says of itself, whoever made it may have written.
struct Loaded {
  PyObject* name;        // a str, borrowed
  PyObject* module;      // borrowed
  std::string dotted;    // `name`
  bool is_plain;         // a module whose attributes are what its dictionary holds
  PyRef spec;            // `__spec__`; empty: none, or it is not plain
  std::string own_name;  // `__name__`, and `__file__`; empty: none, or it is not plain
  std::string file;
};

// read_claims returns it for an entry. Fails with `kPython` only.
Result<Loaded> read_claims(PyObject* name, PyObject* module);

// stem_of returns the name by which an import would look for the module that is in `file`, and sets
// `directory` to where it would.
std::string stem_of(const std::string& file, std::string& directory);

// native_object_of returns the path of the shared object that an extension module's definition is
// in, as the linker has it; "": the executable; nothing: it has no definition, as all modules that
// Python code makes, or that is in no object.
std::optional<std::string> native_object_of(PyObject* module);

// object_of_interpreter returns the same for the modules that are built into the interpreter.
std::optional<std::string> object_of_interpreter();

// is_extension_file tells whether `file` is called as the file of an extension module.
bool is_extension_file(const std::string& file);

// is_class_of_parent tells whether what stands for a module is a class that the module above it
// holds and has made, like "typing.io" up to Python 3.12: who looks through that module, sees it
// there.
Result<bool> is_class_of_parent(const Loaded& one);

}  // namespace signedvfs
