// What stands in the doors. Private to doors/.
#pragma once

#include <cstddef>

#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// guard_of makes what takes the place of `original` in the door of that number. It is bound to
// objects where `binds` says so.
Result<PyRef> guard_of(const Interpreter& home, std::size_t number, PyObject* original, bool binds);

}  // namespace signedvfs
