// Registries that other packages keep by the class of a finder or loader, and how ours come into
// them. Private to doors/.
//
// pkgutil, pkg_resources and distlib look up by a finder's class what to do with it. For
// zipimport's they have functions that open the archive by themselves. Ours pass for zipimport's
// (finders/finder_face.h), so functions of ours are entered for them there: when the module that
// has the registry has been executed, and in the middle of that where it asks already. (That of
// pkg_resources looks for distributions on all of sys.path before it is done.)
#pragma once

#include <atomic>
#include <mutex>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// Registries is what an interpreter knows of them. Everything needs the GIL.
class Registries {
 public:
  Status create();

  // enter enters ours in that of `module`, called `name`, once. It tells whether that is done: not
  // where the module has not all of it yet. It may import: finders must not call it, for they may
  // have been asked for the very module.
  Result<bool> enter(Interpreter& home, PyObject* module, std::string_view name);

  // enter_or_wait imports nothing: what has to be entered by Python waits for somebody to ask.
  Status enter_or_wait(Interpreter& home, PyObject* module, std::string_view name);

  // From `begin` to `end`, or until it is entered, a module waits for somebody to ask.
  void begin(PyObject* module);
  void end(PyObject* module);

  // enter_begun enters ours in those that wait, as far as they are ready.
  Status enter_begun(Interpreter& home);

  int traverse(visitproc visit, void* arg) const;

 private:
  void forget(PyObject* module);

  PyRef entered_;  // a list of modules
  std::mutex mutex_;
  std::vector<PyRef> begun_;
  std::atomic<bool> any_begun_ = false;
};

// has_registry tells whether modules of that name have one.
bool has_registry(std::string_view name) noexcept;

}  // namespace signedvfs
