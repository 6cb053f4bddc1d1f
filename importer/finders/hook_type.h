// The class `PathHook`: what stands in sys.path_hooks.
#pragma once

#include "archive/base/status.h"
#include "importer/finders/importers.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// add_hook_type makes the class, and puts it into the module.
Status add_hook_type(Interpreter& home);

// hook_in borrows the PathHook that `object` holds; null where it is none of ours.
const PathHook* hook_in(const Interpreter& home, PyObject* object) noexcept;

}  // namespace signedvfs
