// The limits that a call gives, or the defaults.
#pragma once

#include <pybind11/pybind11.h>

#include "archive/limits.h"

namespace signedvfs {

// limits_of returns what the `signedvfs.Limits` object `limits` holds, and the defaults for None.
// Raises TypeError for anything else. Needs the GIL.
Limits limits_of(pybind11::handle limits);

}  // namespace signedvfs
