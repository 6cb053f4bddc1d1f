// Keeping namespace packages of ours from being replaced as a whole.
#pragma once

#include "archive/base/status.h"
#include "importer/python/import_system.h"
#include "importer/python/object.h"

namespace signedvfs {

// refuse_replacement is to be called where `finder`, whose class is `ours` or a subclass, is about
// to answer that the module `name` (a str) is a portion of a namespace package. By PEP 420 a
// regular package or module that an entry further along the path supplies takes the place of all
// portions, those in front of it included. Fails with `kShadowed` where one is going to that is not
// loaded by us: what nobody has signed cannot replace what is signed. The interpreter's own library
// may, and so may packages that stand in front. Asks the finders of the entries behind; needs the
// GIL.
Status refuse_replacement(const ImportSystem& system, PyTypeObject* ours, PyObject* finder,
                          PyObject* name);

}  // namespace signedvfs
