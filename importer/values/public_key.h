// Python's `PublicKey`.
#pragma once

#include <vector>

#include "importer/python/interpreter.h"
#include "importer/python/object.h"
#include "vfs/crypto/public_key.h"

namespace signedvfs {

Status add_public_key(Interpreter& home);

// public_keys_of returns the keys of `keys`: one PublicKey, or an iterable of them; TypeError for
// anything else.
Result<std::vector<PublicKey>> public_keys_of(const Interpreter& home, PyObject* keys);

}  // namespace signedvfs
