// The importers of an interpreter, and what is asked of them together.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "archive/base/status.h"
#include "importer/finders/finder.h"
#include "importer/finders/importer.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// GivenTrust is what a hook for given roots goes by: a TrustPolicy and Limits, or None for those in
// force. Python objects; to be read and replaced with the lock.
class GivenTrust {
 public:
  GivenTrust(PyRef policy, PyRef limits) : policy_(std::move(policy)), limits_(std::move(limits)) {}

  PyRef policy() const {
    const std::scoped_lock lock(mutex_);
    return PyRef::borrow(policy_.get());
  }
  PyRef limits() const {
    const std::scoped_lock lock(mutex_);
    return PyRef::borrow(limits_.get());
  }

  void replace(PyRef policy, PyRef limits) {
    const std::scoped_lock lock(mutex_);
    std::swap(policy_, policy);  // what was there goes when the lock is open again
    std::swap(limits_, limits);
  }

 private:
  mutable std::mutex mutex_;
  PyRef policy_;
  PyRef limits_;
};

// PathHook is what stands in sys.path_hooks: an importer, and what it was told to go by (null: the
// importer over whatever is an archive goes by what is in force). Hooks of one importer are worth
// the same.
struct PathHook {
  std::shared_ptr<Importer> state;
  std::shared_ptr<GivenTrust> trust;
};

// Importers are all that an interpreter has: one over whatever is an archive, and one for each set
// of roots that a hook was made for. Any number of them live side by side; each is a policy, limits
// and a registry of its own.
struct Importers {
  std::shared_ptr<Importer> over_all;
  PyRef own_find_spec;    // what the class `zipimporter` has, unless a program has replaced it
  PyRef meta_path_entry;  // our entry of sys.meta_path

  // The scoped ones, as long as a hook or a finder of theirs lives.
  struct Scoped {
    std::weak_ptr<Importer> state;
    std::weak_ptr<GivenTrust> trust;
  };
  std::mutex mutex;  // held for no call of Python
  std::vector<Scoped> scoped;

  // hooks returns a hook for each of the scoped importers that live.
  std::vector<PathHook> hooks();
};

// add_finders gives the module its classes zipimporter, PathHook and the entry of sys.meta_path,
// the object `hook`, and the functions that are about all importers.
Status add_finders(Interpreter& home);

// begin_use has the standard library ask us, and puts our entry into sys.meta_path. Where that has
// been done it is cheap.
Status begin_use(Interpreter& home);

// claim_for returns the finder for an entry of sys.path: that of the hook for given roots, of those
// in sys.path_hooks, below whose roots it lies, and otherwise that of the hook over all archives;
// nothing where it is nobody's. Opens nothing.
Result<std::optional<Finder>> claim_for(Interpreter& home, PyObject* path);

// claim_by returns the finder of one importer, or nothing where the path is not its.
Result<std::optional<Finder>> claim_by(const std::shared_ptr<Importer>& state, PyObject* path);

// hooks_in_use returns a list of our hooks in sys.path_hooks, in their order.
Result<PyRef> hooks_in_use(const Interpreter& home);

// policy_changed tells those importers that go by what is in force that it has changed.
Status policy_changed(Interpreter& home, bool replaced);

// What the garbage collector does with them.
int traverse_importers(const Importers& importers, visitproc visit, void* arg);

}  // namespace signedvfs
