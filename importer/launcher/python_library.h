// The Python library of the application, loaded from its own file. Private to launcher/.
#pragma once

#include "archive/base/status.h"
#include "importer/launcher/launch.h"

namespace signedvfs {

// is_python_linked_in tells which of the two launchers this is: the one with an interpreter in it.
bool is_python_linked_in() noexcept;

// load_python has the libraries of the plan, and what those need, loaded from sealed memory, and
// gives this program's own code their functions: the unwinder's and, unless Python is linked in,
// Python's. Before it no C++ exception may be thrown, and nothing that touches Python may run
// unless that is linked in. Fails with `kBadLibrary` where the environment has put other libraries
// into the process, where what the archive has cannot be loaded, and where it is of another release
// than the launcher was built for, or a second Python.
Status load_python(const Launch& launch);

}  // namespace signedvfs
