// What was imported before the manager: by whom, nobody can tell, but by its content what it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// Unexpected is a module that is loaded and should not be.
struct Unexpected {
  std::string module;
  std::string origin;  // UTF-8; what the module says of where it is from
  Status reason;
};

// find_unexpected looks at every entry of sys.modules. A module passes
// - as a part of the executable: built in, or frozen, with the code that was frozen;
// - where its file is listed by a signed archive or directory that the guard believes, has the
//   listed digest, and holds the code objects of the functions that the module has;
// - as this native module itself;
// - as a part of signedvfs, where that stands, as the interpreter's own library, where that is
//   trusted by its path, and, where `guard.allowed` says nothing, as what each interpreter loads
//   from it by itself: where an import would take the file that the module names, and that holds
//   its functions; an extension module was loaded from that path;
// - by its name, where `guard.allowed` has it, and no manifest lists its file: then that decides;
// - as the program, `__main__`.
// What raises when it is looked at does not pass. Fails with `kPython` only.
Result<std::vector<Unexpected>> find_unexpected(Interpreter& home, const Guard& guard);

// read_allowed reads the argument `check_modules`.
Result<AllowedModules> read_allowed(PyObject* check_modules);

// end_process says on standard error what is unexpected, and ends the process with status 126,
// without running anything more.
[[noreturn]] void end_process(const std::vector<Unexpected>& all);

}  // namespace signedvfs
