// A shared object that has nothing but the names of others: who loads it loads those, all at once.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "archive/base/byte_builder.h"
#include "archive/elf/machine.h"

namespace signedvfs {

// gathering_object returns the file of a shared object that needs `needed`, in that order, and has
// no code and no symbols (System V gABI, chapter 5). `needed` are names or paths without NULs, and
// so is its own `name` (DT_SONAME), where it has one. `machine` and `machine_flags` are those of
// the objects that it names (SharedObject).
//
// It is for libraries that need each other, of which none can be loaded before the others. glibc
// maps all that an object needs before it looks at what those need in turn (elf/dl-deps.c), and
// takes what is mapped under a DT_SONAME before it searches (elf/dl-load.c). So when it comes to
// the names by which they need each other, all of them are there.
ByteBuilder gathering_object(std::span<const std::string> needed, Machine machine,
                             std::uint32_t machine_flags, const std::string& name = {});

}  // namespace signedvfs
