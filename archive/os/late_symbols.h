// Symbols of this program that are found only when it runs, in libraries that it loads itself.
#pragma once

#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "archive/os/dynamic_linker.h"

namespace signedvfs {

// bind_late_symbols gives every undefined symbol of the program that begins with one of `prefixes`
// its address in `libraries`, in the first that has it. Until then nothing that uses such a symbol
// may run: its address is null.
//
// The program is linked with these symbols weak, and kept in its relocations (ld(1), -z
// dynamic-undefined-weak), so that the dynamic linker starts it without the libraries. What it
// leaves open are words of the program's own tables (System V gABI, "Relocation"), which are
// written here once, before they are read-only again (PT_GNU_RELRO).
//
// Fails with `kBadLibrary` where no library has a symbol, which it names: they are of another
// release than the program was built for. For one thread, before there are others.
Status bind_late_symbols(const std::vector<std::string_view>& prefixes,
                         const std::vector<LibraryHandle>& libraries);

}  // namespace signedvfs
