// Memory that nobody can change, for Python code that has to hand verified content to others.
#pragma once

#include "importer/python/interpreter.h"

namespace signedvfs {

// add_sealed_memory gives the module the function `_sealed_memory`.
Status add_sealed_memory(Interpreter& home);

}  // namespace signedvfs
