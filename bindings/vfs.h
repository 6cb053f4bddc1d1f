// Python's SignedVfs, for those who have a C++ one.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "vfs/signed_vfs.h"

namespace signedvfs {

// vfs_object returns a Python object that shares `vfs`.
pybind11::object vfs_object(std::shared_ptr<const SignedVfs> vfs);

}  // namespace signedvfs
