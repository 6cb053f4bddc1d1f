// What children are told that do not inherit memory: what was decided stays decided in them.
#pragma once

#include "archive/base/status.h"
#include "importer/finders/importer.h"
#include "importer/python/object.h"

namespace signedvfs {

// remembered returns a dict of what a child's importer has to know, fit for pickle.
Result<PyRef> remembered(const Importer& state);

// recall has `state` know what `remembered` returned in the parent. What it was not made for is a
// ValueError.
Status recall(Importer& state, PyObject* known);

}  // namespace signedvfs
