// Which modules a module is about to import, by its bytecode.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "importer/modules/lookup.h"
#include "importer/python/object.h"
#include "vfs/manifest/listing.h"

namespace signedvfs {

// ImportStatement is `import name`, or `from name import ...`, as the compiler has resolved it.
struct ImportStatement {
  std::size_t level = 0;           // how many dots the name had in front
  std::string name;                // without them; may be empty
  std::vector<std::string> names;  // what is imported from it

  bool operator==(const ImportStatement&) const = default;
};

// imports_of returns the import statements in the body of a code object that has not run yet, in
// their order; those in functions are not looked at, and those of modules that are loaded already,
// as most are, left out, and lazy ones (PEP 810). `package` (a str) is what relative names are
// relative to. Where this Python's bytecode is not understood, none are returned. Needs the GIL.
std::vector<ImportStatement> imports_of(PyObject* code, PyObject* package);

// ImportScope is where import statements stand: what their names are relative to.
struct ImportScope {
  std::string root;     // the directory that top-level modules are in: "" or ending in "/"
  std::string package;  // the directory that `level` 1 means: likewise
};

// scope_of_imports returns it for the module `name` ("pkg.mod"), whose path is `stem`
// ("lib/pkg/mod").
ImportScope scope_of_imports(std::string_view name, std::string_view stem, bool is_package);

// foresee returns the listed files that these statements are going to have executed, as far as that
// can be told: a guess. Touches nothing of Python.
std::vector<std::string> foresee(const std::vector<ImportStatement>& imports,
                                 const ImportScope& scope, const Listing& listing,
                                 const SearchOrder& order);

}  // namespace signedvfs
