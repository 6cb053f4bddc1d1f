// One function per area of the module of tools; module.cc composes them.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/home.h"

namespace signedvfs {

void register_keys(pybind11::module_& module, const Home& home);
void register_launcher(pybind11::module_& module, const Home& home);
void register_legacy(pybind11::module_& module, const Home& home);
void register_manifest(pybind11::module_& module, const Home& home);
void register_native(pybind11::module_& module, const Home& home);
void register_offline(pybind11::module_& module, const Home& home);
void register_signing(pybind11::module_& module, const Home& home);
void register_writer(pybind11::module_& module, const Home& home);

}  // namespace signedvfs
