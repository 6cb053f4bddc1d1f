// Python's `PublicKey`.
#pragma once

#include "importer/python/interpreter.h"

namespace signedvfs {

Status add_public_key(Interpreter& home);

}  // namespace signedvfs
