// Python's `Stat`.
#pragma once

#include <cstdint>
#include <string>

#include "importer/python/interpreter.h"
#include "importer/python/object.h"
#include "importer/values/signed_vfs.h"

namespace signedvfs {

// Stat knows its archive for the digest: with an index, that is in the manifest, which may be large
// and is not read before somebody asks.
struct Stat {
  OpenVfs vfs;
  std::string name;
  std::uint64_t size = 0;
};

Status add_stat(Interpreter& home);

// stat_object returns an object that holds `stat`.
Result<PyRef> stat_object(Interpreter& home, Stat stat);

}  // namespace signedvfs
