// One function per area of the module; module.cc composes them.
#pragma once

#include <pybind11/pybind11.h>

namespace signedvfs {

void register_errors(pybind11::module_& module);
void register_finder(pybind11::module_& module);
void register_hook(pybind11::module_& module);
void register_keys(pybind11::module_& module);
void register_limits(pybind11::module_& module);
void register_meta_path(pybind11::module_& module);
void register_policy(pybind11::module_& module);
void register_sealed(pybind11::module_& module);
void register_side_doors(pybind11::module_& module);
void register_signing(pybind11::module_& module);
void register_trust(pybind11::module_& module);
void register_vfs(pybind11::module_& module);
void register_writer(pybind11::module_& module);

}  // namespace signedvfs
