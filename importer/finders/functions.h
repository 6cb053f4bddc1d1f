// Functions of the module that are about all importers of an interpreter. Private to finders/.
#pragma once

#include "archive/base/status.h"
#include "importer/python/interpreter.h"

namespace signedvfs {

// add_functions adds trust, set_policy, get_policy, get_limits, defer_collection, and what our
// Python modules ask.
Status add_functions(Interpreter& home);

}  // namespace signedvfs
