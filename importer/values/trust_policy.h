// Python's `TrustPolicy`.
#pragma once

#include "importer/python/interpreter.h"
#include "importer/python/object.h"
#include "vfs/manifest/policy.h"

namespace signedvfs {

// PolicyObject is what a `TrustPolicy` holds. Immutable. Python objects never pass between
// interpreters, so neither does a clock that is a Python callable.
struct PolicyObject {
  TrustPolicy policy;  // but for the clock, where `now` is a callable
  PyRef now;           // None, a time, or a callable, as given; empty: the collector has taken it

  // A clock may refer to the policy that holds it; the collector has to see that.
  int traverse(visitproc visit, void* arg) const {
    Py_VISIT(now.get());
    return 0;
  }
  void clear() { now = PyRef(); }
};

Status add_trust_policy(Interpreter& home);

// policy_object returns an object that holds `policy`.
Result<PyRef> policy_object(Interpreter& home, PolicyObject policy);

// policy_in borrows what `object` holds; TypeError where it is no TrustPolicy. `expected` says what
// it must be.
Result<const PolicyObject*> policy_in(const Interpreter& home, PyObject* object,
                                      const char* expected);

// at_this_time returns the policy for one opening: a clock that is a Python callable has been
// asked, so it holds no Python object. A clock that fails is an IntegrityCheckError.
Result<TrustPolicy> at_this_time(const Interpreter& home, const PolicyObject& given);

}  // namespace signedvfs
