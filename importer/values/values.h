// What Python sees of keys, policies, limits and opened archives, for the rest of importer/ and for
// bindings/. All functions need the GIL.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "archive/base/status.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"
#include "vfs/crypto/public_key.h"
#include "vfs/manifest/trusted_key.h"
#include "vfs/signed_vfs.h"
#include "vfs/trust.h"

namespace signedvfs {

// add_values gives the module its classes PublicKey, Trusted, TrustPolicy, Limits, SignedVfs and
// Stat, and the function `open`; and the interpreter a policy in force that trusts no key.
Status add_values(Interpreter& home);

// trust_in_force returns the policy and the limits in force, for opening one archive. A clock that
// is a Python callable is called here, once, so the result holds no Python object and may be used
// without the GIL. A clock that fails raises IntegrityCheckError, which no importer takes for "not
// here".
Result<Trust> trust_in_force(Interpreter& home);

// trust_of does the same for a `TrustPolicy` and `Limits`; None stands for those in force, and
// where a policy is given without limits for the default limits. TypeError for anything else.
Result<Trust> trust_of(Interpreter& home, PyObject* policy, PyObject* limits);

// check_trust raises the TypeError of `trust_of` and asks no clock.
Status check_trust(Interpreter& home, PyObject* policy, PyObject* limits);

// limits_of returns the Limits that `limits` holds, or for None the default ones.
Result<Limits> limits_of(Interpreter& home, PyObject* limits);

// policy_in_force and limits_in_force return Python's objects for them.
PyRef policy_in_force(Interpreter& home);
Result<PyRef> limits_in_force(Interpreter& home);

// put_in_force replaces both; None stands for the default limits.
Status put_in_force(Interpreter& home, PyObject* policy, PyObject* limits);

// add_trusted_keys puts a policy in force that trusts `keys` as well, and tells whether any of them
// was not trusted before. Two threads that do so at once both succeed. Fails with `kUsage` for a
// key that is trusted already, for something else.
Result<bool> add_trusted_keys(Interpreter& home, const std::vector<TrustedKey>& keys);

// public_key_in borrows the key that `object` holds; null where it is no PublicKey.
const PublicKey* public_key_in(const Interpreter& home, PyObject* object) noexcept;

// trusted_key_in returns the key that `object` is, a PublicKey or a Trusted; nothing for others.
std::optional<TrustedKey> trusted_key_in(const Interpreter& home, PyObject* object);

// The objects that Python gets.
Result<PyRef> public_key_object(Interpreter& home, PublicKey key);
Result<PyRef> vfs_object(Interpreter& home, std::shared_ptr<const SignedVfs> vfs);

// What the garbage collector does with what is in force.
int traverse_trust(const TrustInForce& trust, visitproc visit, void* arg);

}  // namespace signedvfs
