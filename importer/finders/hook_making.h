// Making hooks for given roots. Private to finders/.
#pragma once

#include "archive/base/status.h"
#include "importer/finders/importers.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// make_hook returns a hook for `roots` (an iterable of paths), which goes by `policy` and `limits`
// (None: those in force). Where there is one for the same roots and policy it shares that one's
// importer; roots that overlap with another's are a ValueError: two owners of one path would each
// have a say in what the other refuses.
Result<PathHook> make_hook(Interpreter& home, PyObject* roots, PyObject* policy, PyObject* limits);

}  // namespace signedvfs
