// The methods of PEP 302 as Python calls them, in the versions that have them. Private to finders/.
#pragma once

#include <vector>

#include "importer/python/object.h"

namespace signedvfs {

// add_deprecated adds what zipimport's class has in this version of Python.
void add_deprecated(std::vector<PyMethodDef>& methods);

}  // namespace signedvfs
