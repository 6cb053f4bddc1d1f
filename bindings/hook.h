// What stands in sys.path_hooks.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <vector>

#include "importer/import_state.h"

namespace signedvfs {

// GivenTrust is what a hook for given roots goes by: a TrustPolicy and Limits, or None for those in
// force.
struct GivenTrust {
  pybind11::object policy = pybind11::none();
  pybind11::object limits = pybind11::none();
};

// PathHook is the hook over whatever is an archive, of which an interpreter has one, or one for
// given roots; hooks for the same roots share both.
struct PathHook {
  std::shared_ptr<ImportState> state;
  std::shared_ptr<GivenTrust> trust;
};

// importers returns those of all hooks that the interpreter has, the one over all archives first.
std::vector<std::shared_ptr<ImportState>> importers();

// remembered returns, as plain Python objects that can be pickled, what a child process has to know
// so that it decides as this one has; recall makes a hook there know it.
pybind11::dict remembered(const PathHook& hook);
void recall(const PathHook& hook, const pybind11::dict& known);

}  // namespace signedvfs
