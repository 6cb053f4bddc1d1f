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

// Standing is that of the running interpreter.
struct Standing {
  Interpreter* home = nullptr;  // where it is locked down
  // It is not, in a process that is. From 3.13 on no event tells that an interpreter is made: so
  // one that nobody has locked down gets nothing. The main interpreter is the program's own.
  bool is_stranger = false;
};

Standing standing_here() noexcept {
  const Locked* node = first_locked.load(std::memory_order_acquire);
  if (node == nullptr) return {};
#if PY_VERSION_HEX >= 0x030d0000
  const bool has_thread = PyThreadState_GetUnchecked() != nullptr;
#else
  const bool has_thread = _PyThreadState_UncheckedGet() != nullptr;
#endif
  if (!has_thread) return {};
  PyInterpreterState* const here = PyInterpreterState_Get();
  bool is_any_locked = false;
  for (; node != nullptr; node = node->next) {
    PyInterpreterState* const locked = node->interpreter.load(std::memory_order_acquire);
    if (locked == here) return {node->home.load(std::memory_order_acquire), false};
    is_any_locked = is_any_locked || locked != nullptr;
  }
  return {nullptr, is_any_locked && here != PyInterpreterState_Main()};
}

// refuse_in_stranger raises what needs nothing of ours, which need not be loaded there. It is an
// OSError: site passes over .pth files that it may not read, and the interpreter can be made.
void refuse_in_stranger(const char* what) {
  PyErr_Format(PyExc_PermissionError,
               "the process is locked down by a SignedImportManager, and this interpreter is not: "
               "%s is refused",
               what);
}

// hear is the audit hook.
int hear(const char* event, PyObject* arguments, void* /*data*/) {
  const LockedEvent* const known = locked_event(event);
  if (known == nullptr) return 0;
  return at_edge(
      [&] {
        const auto [home, is_stranger] = standing_here();
        if (home == nullptr && !is_stranger) return 0;
        if (is_stranger) {
          const Result<bool> refused = is_refused_in_stranger(event, arguments);
          if (refused.ok() && !*refused) return 0;
          if (refused.ok()) refuse_in_stranger(event);
          return -1;
        }
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
        const auto [home, is_stranger] = standing_here();
        if (is_stranger) {
          refuse_in_stranger("io.open_code");
          return nullptr;
        }
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
