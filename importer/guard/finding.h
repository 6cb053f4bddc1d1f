// What the signed part of a path has for a module.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/errors.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// Finding is the outcome of a search.
struct Finding {
  enum class Kind : std::uint8_t {
    kNowhere,   // nothing that is signed, or trusted by its path, has the module
    kSpec,      // `spec` is its spec
    kPortions,  // `portions` are signed portions of a namespace package (PEP 420)
    kRefused,   // `refusal` says why what has it, or could have had it, is not used
  };

  Kind kind = Kind::kNowhere;
  PyRef spec;
  PyRef portions;  // a list of str
  Status refusal;
  Subject subject;
};

// find_in_python returns the spec of a built-in or frozen module, which is part of the executable,
// or None.
Result<PyRef> find_in_python(const Guard& guard, PyObject* name);

// finder_in_place returns our finder for an entry of a path (a str), or None where nobody has
// signed anything there. Opens nothing.
Result<PyRef> finder_in_place(Interpreter& home, const Guard& guard, PyObject* entry);

// find_signed goes through `entries` (a list) for the module `name` (a str), as importlib's
// PathFinder goes through sys.path or a package's `__path__`, and takes nothing but what a signed
// archive or directory lists that one of `guards` (one at least) believes, and what is trusted by
// its path. What nobody has signed is passed by as though it was not there. Something of ours that
// is refused ends the search where it could have been meant to supply the module. Fails with
// `kPython` only.
Result<Finding> find_signed(Interpreter& home, const std::vector<std::shared_ptr<Guard>>& guards,
                            PyObject* name, PyObject* entries);

// find_unsigned_in returns why the module is not imported although `entries` have it: a status of
// `kNoManifest`. Success: they do not have it.
Status find_unsigned_in(Interpreter& home, Guard& guard, PyObject* name, PyObject* entries,
                        Subject& subject);

// forget_found drops what was found to be nobody's, and has the finders look again.
Status forget_found(Interpreter& home, Guard& guard);

}  // namespace signedvfs
