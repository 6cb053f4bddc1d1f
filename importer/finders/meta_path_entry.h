// Our entry of sys.meta_path, in front of all others.
#pragma once

#include "archive/base/status.h"
#include "importer/python/interpreter.h"

namespace signedvfs {

// add_meta_path_entry makes the entry's class, and the entry.
Status add_meta_path_entry(Interpreter& home);

// enter_meta_path puts it in front of sys.meta_path where it is not in it.
Status enter_meta_path(Interpreter& home);

}  // namespace signedvfs
