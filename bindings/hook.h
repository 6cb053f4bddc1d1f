// What stands in sys.path_hooks.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <vector>

#include "importer/import_state.h"

namespace signedvfs {

// PathHook is the hook over whatever is an archive, of which an interpreter has one, or one for
// given roots; hooks for the same roots share what they know.
struct PathHook {
  std::shared_ptr<ImportState> state;
  pybind11::object policy;  // of a hook for given roots: a TrustPolicy, or None for the default one
  pybind11::object limits;  // likewise
};

// importers returns those of all hooks that the interpreter has, the one over all archives first.
std::vector<std::shared_ptr<ImportState>> importers();

// remembered returns, as plain Python objects that can be pickled, what a child process has to know
// so that it decides as this one has; recall makes a hook there know it.
pybind11::dict remembered(const PathHook& hook);
void recall(const PathHook& hook, const pybind11::dict& known);

}  // namespace signedvfs
