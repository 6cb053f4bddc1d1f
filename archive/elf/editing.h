// Changes to a shared object that leave every byte of it where it is.
#pragma once

#include <cstddef>
#include <span>

#include "archive/base/status.h"
#include "archive/elf/machine.h"

namespace signedvfs {

// remove_search_path takes DT_RPATH and DT_RUNPATH out of a shared object for `machine`, so that
// the dynamic linker looks for what it needs in no place that it names; and tells whether there was
// one. The other entries of the dynamic section keep their order, and what is left over becomes
// DT_NULL. The path's text stays in the string table, where nothing refers to it.
//
// Otherwise the object reads the same (read_shared_object). Fails with `kBadLibrary`, as that does,
// and where the change would show anywhere else; then `file` is as it was.
Result<bool> remove_search_path(std::span<std::byte> file, Machine machine = own_machine());

}  // namespace signedvfs
