// Trust policies as Python gives them, and the one that an interpreter uses by default.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "vfs/trust.h"

namespace signedvfs {

// PolicyObject is what Python's `signedvfs.TrustPolicy` holds. Immutable. Python objects never pass
// between interpreters, so neither does a clock that is a Python callable.
struct PolicyObject {
  TrustPolicy policy;    // but for the clock, where `now` is a callable
  pybind11::object now;  // None, a time, or a callable, as given
};

// policy_for_opening returns the policy to open one archive with: that of the `TrustPolicy`
// `policy`, or for None that of `default_policy`. A clock that is a Python callable is called here,
// once, so the result holds no Python object and may be used without the GIL. A clock that fails
// raises IntegrityCheckError, which no importer takes for "not here". Needs the GIL.
TrustPolicy policy_for_opening(pybind11::handle policy);

// trust_for_opening returns that policy with `limits`.
Trust trust_for_opening(pybind11::handle policy, const Limits& limits);

// default_trust returns the policy and the limits in force in this interpreter, for one archive.
Trust default_trust();

// default_limits returns the limits in force. Needs the GIL.
Limits default_limits();

// default_policy returns the `TrustPolicy` object that `signedvfs.open` and the hook use in this
// interpreter. Like `sys.path_hooks` it belongs to the interpreter; at first it trusts no key.
// Needs the GIL.
pybind11::object default_policy();

// set_default_policy replaces both; None stands for the default limits. Anything but a
// `TrustPolicy` raises TypeError. Needs the GIL.
void set_default_policy(pybind11::handle policy, pybind11::handle limits);

// add_trusted_keys makes the default policy one that trusts `keys` as well, and tells whether any
// of them was not trusted before. Needs the GIL.
bool add_trusted_keys(const std::vector<PublicKey>& keys);

}  // namespace signedvfs
