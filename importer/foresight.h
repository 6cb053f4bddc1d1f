// Which modules a module is about to import, by its bytecode.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "importer/module_lookup.h"
#include "importer/python.h"
#include "vfs/listing.h"

namespace signedvfs {

// ImportStatement is `import name`, or `from name import ...`, as the compiler has resolved it.
struct ImportStatement {
  std::size_t level = 0;           // how many dots the name had in front
  std::string name;                // without them; may be empty
  std::vector<std::string> names;  // what is imported from it
};

// imports_of returns the import statements in the body of a code object that has not run yet, in
// their order; those in functions are not looked at, and those of modules that are loaded already,
// as most are, left out. `package` (a str) is what relative names are relative to. Needs the GIL.
std::vector<ImportStatement> imports_of(PyObject* code, PyObject* package);

// Importer is where import statements stand: what their names are relative to.
struct Importer {
  std::string root;     // the directory that top-level modules are in: "" or ending in "/"
  std::string package;  // the directory that `level` 1 means: likewise
};

// importer_of returns it for the module `name` ("pkg.mod"), whose path is `stem` ("lib/pkg/mod").
Importer importer_of(std::string_view name, std::string_view stem, bool is_package);

// foresee returns the listed files that these statements are going to have executed, as far as that
// can be told: a guess. Touches nothing of Python.
std::vector<std::string> foresee(const std::vector<ImportStatement>& imports,
                                 const Importer& importer, const Listing& listing,
                                 SearchOrder order);

}  // namespace signedvfs
