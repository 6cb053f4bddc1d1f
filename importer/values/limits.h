// Python's `Limits`.
#pragma once

#include "archive/base/limits.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

Status add_limits(Interpreter& home);

// limits_object returns an object that holds `limits`.
Result<PyRef> limits_object(Interpreter& home, const Limits& limits);

}  // namespace signedvfs
