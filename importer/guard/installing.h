// Putting a manager in place, and taking it out. Private to guard/.
#pragma once

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// install has the manager `self` answer for every import from now on; where it does already it is
// put in front again. Fails with `kPython`: a RuntimeError where another manager has been locked.
Status install(Interpreter& home, Guard& guard, PyObject* self);

// uninstall takes it out. A RuntimeError where it is locked.
Status uninstall(Interpreter& home, Guard& guard, PyObject* self);

// refuse_if_locked is that error: the manager is not to be changed any more; `what` is what not.
Status refuse_if_locked(const Guard& guard, const char* what);

// lock_in_place locks a guard that is installed.
void lock_in_place(Interpreter& home, Guard& guard);

}  // namespace signedvfs
