// How finders are copied and pickled. Private to finders/.
#pragma once

#include <vector>

#include "importer/python/object.h"

namespace signedvfs {

// add_copies adds __reduce__, __copy__ and __deepcopy__.
void add_copies(std::vector<PyMethodDef>& methods);

}  // namespace signedvfs
