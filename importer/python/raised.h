// Exceptions of Python that have to wait: while other code runs, or behind another one.
#pragma once

#include "importer/python/object.h"

namespace signedvfs {

// take_raised clears the exception that is set and returns it, its traceback with it; empty where
// none is set. Needs the GIL, as everything here.
PyRef take_raised();

// raise_again sets what take_raised has returned.
void raise_again(PyRef raised);

// raise_because puts `cause` behind the exception that is set (`raise ... from cause`).
void raise_because(PyRef cause);

}  // namespace signedvfs
