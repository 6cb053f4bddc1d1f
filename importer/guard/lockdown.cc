#include "importer/guard/lockdown.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "importer/guard/guard.h"
#include "importer/guard/locked_events.h"
#include "importer/guard/open_code.h"
#include "importer/python/errors.h"
#include "importer/python/guard.h"

namespace signedvfs {
namespace {

// Locked is an interpreter that is locked down. The hooks are told of no object of ours, and the
// interpreter they run in is known to the thread: so here, and only here, ours is found by that.
// Nodes stay; there are as many as there ever were such interpreters at once.
struct Locked {
  std::atomic<PyInterpreterState*> interpreter = nullptr;
  std::atomic<Interpreter*> home = nullptr;
  Locked* next = nullptr;
};

std::atomic<Locked*> first_locked = nullptr;
std::mutex locked_mutex;  // held for no call of Python
bool has_hooks = false;   // set with the GIL of the first one; guarded by `locked_mutex`

// locked_here returns the state of the running interpreter where it is locked down, or null.
Interpreter* locked_here() noexcept {
  const Locked* node = first_locked.load(std::memory_order_acquire);
  if (node == nullptr) return nullptr;
#if PY_VERSION_HEX >= 0x030d0000
  const bool has_thread = PyThreadState_GetUnchecked() != nullptr;
#else
  const bool has_thread = _PyThreadState_UncheckedGet() != nullptr;
#endif
  if (!has_thread) return nullptr;
  PyInterpreterState* const here = PyInterpreterState_Get();
  for (; node != nullptr; node = node->next) {
    if (node->interpreter.load(std::memory_order_acquire) == here) {
      return node->home.load(std::memory_order_acquire);
    }
  }
  return nullptr;
}

// hear is the audit hook.
int hear(const char* event, PyObject* arguments, void* /*data*/) {
  const LockedEvent* const known = locked_event(event);
  if (known == nullptr) return 0;
  return at_edge(
      [&] {
        Interpreter* const home = locked_here();
        if (home == nullptr) return 0;
        const Status allowed = known->judge(*home, event, arguments);
        if (allowed.ok()) return 0;
        set_status(*home, allowed, Activity::kVerifying);
        return -1;
      },
      -1);
}

// open_code is the hook for `io.open_code`.
PyObject* open_code(PyObject* path, void* /*data*/) {
  return at_edge(
      [&]() -> PyObject* {
        Interpreter* const home = locked_here();
        if (home == nullptr) {
          Result<PyRef> plain = open_as_it_is(path);
          return plain.ok() ? std::move(plain).value().release() : nullptr;
        }
        return answer(*home, open_vouched_code(*home, path), Activity::kVerifying);
      },
      static_cast<PyObject*>(nullptr));
}

void add_node(Interpreter& home) {
  PyInterpreterState* const here = PyInterpreterState_Get();
  const std::scoped_lock lock(locked_mutex);
  Locked* node = first_locked;
  while (node != nullptr && node->home != nullptr && node->home != &home) node = node->next;
  const bool is_new = node == nullptr;
  if (is_new) {
    node = new Locked;
    node->next = first_locked;
  }
  node->home = &home;
  node->interpreter = here;
  if (is_new) first_locked = node;
}

}  // namespace

Status begin_lockdown(Interpreter& home) {
  bool is_first = false;
  {
    const std::scoped_lock lock(locked_mutex);
    is_first = !std::exchange(has_hooks, true);
  }
  if (is_first) {
    const bool is_set =
        PyFile_SetOpenCodeHook(&open_code, nullptr) == 0 && PySys_AddAuditHook(&hear, nullptr) == 0;
    if (!is_set) {
      const std::scoped_lock lock(locked_mutex);
      has_hooks = false;
      if (PyErr_Occurred() == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "an audit hook does not allow lockdown=True");
      }
      return python_error();
    }
  }
  add_node(home);
  return {};
}

void end_lockdown(const Interpreter& home) noexcept {
  const std::scoped_lock lock(locked_mutex);
  for (Locked* node = first_locked; node != nullptr; node = node->next) {
    if (node->home != &home) continue;
    node->interpreter = nullptr;
    node->home = nullptr;
  }
}

}  // namespace signedvfs
