// The policy and the limits that an interpreter opens archives with, unless others are given.
#pragma once

#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// InForce is both, as Python has them.
struct InForce {
  PyRef policy;  // a TrustPolicy
  PyRef limits;  // a Limits
};

// TrustInForce belongs to an interpreter, like `sys.path_hooks`. What it holds is read and replaced
// under the ProcessLock, as one: without a GIL two threads may do so at once.
struct TrustInForce {
  InForce now;
};

// begin_trust puts a policy in force that trusts no key, and the default limits.
Status begin_trust(Interpreter& home);

}  // namespace signedvfs
