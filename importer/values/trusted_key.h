// Python's `Trusted`: a key and what it is trusted for.
#pragma once

#include <vector>

#include "importer/python/interpreter.h"
#include "importer/python/object.h"
#include "vfs/manifest/trusted_key.h"

namespace signedvfs {

Status add_trusted_key(Interpreter& home);

// trusted_keys_of returns the keys of `keys`: a PublicKey or a Trusted, or an iterable of them;
// TypeError for anything else.
Result<std::vector<TrustedKey>> trusted_keys_of(const Interpreter& home, PyObject* keys);

// trusted_key_object returns a PublicKey where the key is trusted for everything, and a Trusted
// otherwise.
Result<PyRef> trusted_key_object(Interpreter& home, const TrustedKey& key);

}  // namespace signedvfs
