// What the module keeps between calls.
#pragma once

#include <pybind11/pybind11.h>

namespace signedvfs {

// interpreter_state returns the dictionary that holds everything the module keeps in the running
// interpreter: the exception classes, and the policy. It is made at the first call. Needs the GIL.
pybind11::dict interpreter_state();

}  // namespace signedvfs
