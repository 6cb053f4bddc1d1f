#include "importer/values/trust_in_force.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "importer/python/process_lock.h"
#include "importer/values/limits.h"
#include "importer/values/trust_policy.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

constexpr const char* kPolicyOrNone = "a signedvfs.TrustPolicy or None";

// in_force returns references to what is in force.
InForce in_force(const TrustInForce& trust) {
  const ProcessLock lock;
  return {PyRef::borrow(trust.now.policy.get()), PyRef::borrow(trust.now.limits.get())};
}

// exchange puts `next` in force, unless that which is in force is no longer `expected` (null: is
// anything). What it replaces goes with the argument, after the lock.
bool exchange(TrustInForce& trust, InForce& next, PyObject* expected) {
  const ProcessLock lock;
  if (expected != nullptr && trust.now.policy.get() != expected) return false;
  std::swap(trust.now.policy, next.policy);
  if (next.limits) std::swap(trust.now.limits, next.limits);
  return true;
}

// trust_of_interpreter returns what the interpreter keeps both in, until it ends.
Result<std::shared_ptr<TrustInForce>> trust_of_interpreter(const Interpreter& home) {
  if (home.trust) return home.trust;
  PyErr_SetString(PyExc_RuntimeError, "signedvfs is no more: its interpreter is ending");
  return python_error();
}

// chosen returns what to open with: both as they are in force where neither is given.
Result<InForce> chosen(const Interpreter& home, PyObject* policy, PyObject* limits) {
  InForce out{PyRef::borrow(policy), PyRef::borrow(limits)};
  if (policy != Py_None) return out;
  SIGNEDVFS_ASSIGN(const std::shared_ptr<TrustInForce> trust, trust_of_interpreter(home));
  InForce now = in_force(*trust);
  // A policy that is given comes with the default limits, and not with those of another one.
  if (limits == Py_None) return now;
  out.policy = std::move(now.policy);
  return out;
}

}  // namespace

Status begin_trust(Interpreter& home) {
  SIGNEDVFS_ASSIGN(PyRef policy, policy_object(home, {{}, PyRef::borrow(Py_None)}));
  SIGNEDVFS_ASSIGN(PyRef limits, limits_object(home, {}));
  home.trust = std::make_shared<TrustInForce>(TrustInForce{{std::move(policy), std::move(limits)}});
  return {};
}

Result<Trust> trust_of(Interpreter& home, PyObject* policy, PyObject* limits) {
  SIGNEDVFS_ASSIGN(const InForce with, chosen(home, policy, limits));
  SIGNEDVFS_ASSIGN(const PolicyObject* const given,
                   policy_in(home, with.policy.get(), kPolicyOrNone));
  SIGNEDVFS_ASSIGN(const Limits bounds, limits_of(home, with.limits.get()));
  SIGNEDVFS_ASSIGN(TrustPolicy believed, at_this_time(home, *given));
  return Trust(std::move(believed), bounds);
}

Result<Trust> trust_in_force(Interpreter& home) { return trust_of(home, Py_None, Py_None); }

Status check_trust(Interpreter& home, PyObject* policy, PyObject* limits) {
  if (policy != Py_None) {
    SIGNEDVFS_ASSIGN(const PolicyObject* const given, policy_in(home, policy, kPolicyOrNone));
    static_cast<void>(given);
  }
  const Result<Limits> bounds = limits_of(home, limits);
  return bounds.ok() ? Status() : bounds.status();
}

PyRef policy_in_force(Interpreter& home) {
  return home.trust ? in_force(*home.trust).policy : PyRef::borrow(Py_None);
}

Result<PyRef> limits_in_force(Interpreter& home) {
  SIGNEDVFS_ASSIGN(const std::shared_ptr<TrustInForce> trust, trust_of_interpreter(home));
  return in_force(*trust).limits;
}

Status put_in_force(Interpreter& home, PyObject* policy, PyObject* limits) {
  SIGNEDVFS_ASSIGN(const PolicyObject* const given,
                   policy_in(home, policy, "a signedvfs.TrustPolicy"));
  static_cast<void>(given);
  SIGNEDVFS_ASSIGN(const Limits bounds, limits_of(home, limits));
  SIGNEDVFS_ASSIGN(PyRef kept, limits == Py_None ? limits_object(home, bounds)
                                                 : Result<PyRef>(PyRef::borrow(limits)));
  SIGNEDVFS_ASSIGN(const std::shared_ptr<TrustInForce> trust, trust_of_interpreter(home));
  InForce next{PyRef::borrow(policy), std::move(kept)};
  exchange(*trust, next, nullptr);
  return {};
}

Result<bool> add_trusted_keys(Interpreter& home, const std::vector<TrustedKey>& keys) {
  SIGNEDVFS_ASSIGN(const std::shared_ptr<TrustInForce> trust, trust_of_interpreter(home));
  for (;;) {
    const InForce before = in_force(*trust);
    SIGNEDVFS_ASSIGN(const PolicyObject* const given,
                     policy_in(home, before.policy.get(), kPolicyOrNone));
    PolicyObject more{given->policy, PyRef::borrow(given->now.get())};
    std::vector<TrustedKey>& known = more.policy.keys;
    for (const TrustedKey& key : keys) {
      const auto same = std::find_if(known.begin(), known.end(),
                                     [&](const TrustedKey& other) { return other.key == key.key; });
      if (same == known.end()) {
        known.push_back(key);
      } else if (*same != key) {
        // To narrow or to widen it is not to add one.
        return Status(Errc::kUsage, "the key " + key.key.fingerprint() +
                                        " is trusted already, for something else")
            .advising("Replace the policy: signedvfs.set_policy(policy).");
      }
    }
    if (known.size() == given->policy.keys.size()) return false;
    SIGNEDVFS_ASSIGN(PyRef made, policy_object(home, std::move(more)));
    InForce next{std::move(made), {}};
    if (exchange(*trust, next, before.policy.get())) return true;
  }
}

int traverse_trust(const TrustInForce& trust, visitproc visit, void* arg) {
  Py_VISIT(trust.now.policy.get());
  Py_VISIT(trust.now.limits.get());
  return 0;
}

}  // namespace signedvfs
