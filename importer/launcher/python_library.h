// The Python library of the application, loaded from its own file. Private to launcher/.
#pragma once

#include "archive/base/status.h"
#include "importer/launcher/launch.h"

namespace signedvfs {

// load_python has the libraries of the plan, and what those need, loaded from sealed memory, and
// gives this program's own code its functions: before it, nothing that touches Python may run, and
// no C++ exception may be thrown. Fails with `kBadLibrary` where the environment has put other
// libraries into the process, where what the archive has cannot be loaded, and where it is of
// another release than the launcher was built for.
Status load_python(const Launch& launch);

}  // namespace signedvfs
