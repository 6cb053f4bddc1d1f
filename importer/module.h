// The module `signedvfs._core`: everything that an import needs, without a framework.
#pragma once

#include "importer/python/object.h"

namespace signedvfs {

// init_core is the module's PyInit function (PEP 489, multi-phase): for the extension module, and
// for an executable that has it built in.
PyObject* init_core();

}  // namespace signedvfs
