// Trust policies as Python gives them, and the one that an interpreter uses by default.
#pragma once

#include <pybind11/pybind11.h>

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

// trust_for_opening returns that policy and the limits to open one archive with: those of the
// `Limits` object `limits`; for None those that `set_policy` was given where `policy` is None as
// well, and the defaults otherwise. Needs the GIL.
Trust trust_for_opening(pybind11::handle policy, pybind11::handle limits);

// set_default_limits replaces the limits that come with `default_policy`; None: the defaults.
void set_default_limits(pybind11::handle limits);

// default_policy returns the `TrustPolicy` object that `signedvfs.open` and the hook use in this
// interpreter. Like `sys.path_hooks` it belongs to the interpreter; at first it trusts no key.
// Needs the GIL.
pybind11::object default_policy();

// set_default_policy replaces it. Anything but a `TrustPolicy` raises TypeError. Needs the GIL.
void set_default_policy(pybind11::handle policy);

// add_trusted_key makes the default policy one that trusts `key` as well. Needs the GIL.
void add_trusted_key(const PublicKey& key);

}  // namespace signedvfs
