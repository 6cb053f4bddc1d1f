// Has OpenSSL read no configuration, for Python code that is about to import `hashlib`.
#pragma once

#include "importer/python/interpreter.h"

namespace signedvfs {

// add_settling gives the module the function `_settle_openssl`.
Status add_settling(Interpreter& home);

}  // namespace signedvfs
