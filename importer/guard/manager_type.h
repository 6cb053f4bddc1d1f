// The class `SignedImportManager`.
#pragma once

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// add_manager_type makes the class, and puts it into the module.
Status add_manager_type(Interpreter& home);

// manager_in borrows the Manager that `object` holds; null where it is none.
const Manager* manager_in(const Interpreter& home, PyObject* object) noexcept;

}  // namespace signedvfs
