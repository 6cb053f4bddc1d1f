#include "importer/python/return_gate.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "archive/os/process.h"
#include "importer/python/ending.h"
#include "importer/python/object.h"

namespace signedvfs {

#if PY_VERSION_HEX >= 0x030e0000

ReleasedGil release_gil() noexcept { return {PyEval_SaveThread(), 0, false}; }

void take_gil_back(const ReleasedGil& released) { PyEval_RestoreThread(released.thread); }

Status close_return_gate_at_end() { return {}; }

#else

namespace {

constexpr int kLooks = 100;
constexpr std::chrono::milliseconds kPause{1};

// Whoever comes counts themselves and then looks whether it is closed; whoever closes it does so
// and then looks at the count. One of the two sees the other.
constinit std::atomic<int> inside_count = 0;
constinit std::atomic<bool> closed = false;
constinit std::atomic<unsigned> lives = 0;  // main interpreters that there have been

// The thread that runs the exit functions ends the interpreter next, and is the one that may.
constinit thread_local bool has_closed = false;

void leave() noexcept {
  if (inside_count.fetch_sub(1) == 1 && closed.load()) inside_count.notify_all();
}

// wait_outside returns where the gate is open again, and not at all where the interpreter has ended
// that was there in the life `mine`.
void wait_outside(unsigned mine) {
  for (int i = 0; i < kLooks; ++i) {
    if (Py_IsInitialized() == 0 || lives.load() != mine) park_thread();
    if (!closed.load()) return;
    std::this_thread::sleep_for(kPause);
  }
  closed.store(false);
}

// Returning stands for a thread that may be taking the GIL.
class Returning {
 public:
  explicit Returning(unsigned mine) {
    for (;;) {
      inside_count.fetch_add(1);
      if (!closed.load()) return;
      leave();
      wait_outside(mine);
    }
  }
  Returning(const Returning&) = delete;
  Returning& operator=(const Returning&) = delete;
  ~Returning() { leave(); }
};

PyObject* close_gate(PyObject* /*self*/, PyObject* /*none*/) {
  has_closed = true;
  closed.store(true);
  PyThreadState* const self = PyEval_SaveThread();
  for (int count = inside_count.load(); count != 0; count = inside_count.load())
    inside_count.wait(count);
  PyEval_RestoreThread(self);
  Py_RETURN_NONE;
}

// The child has none of the threads that were counted.
void open_in_child() {
  inside_count.store(0);
  closed.store(false);
}

void have_fork_open() {
  static const bool registered = [] {
    static constinit ForkHandlers handlers{[] {}, [] {}, open_in_child};
    around_fork(handlers);
    return true;
  }();
  static_cast<void>(registered);
}

}  // namespace

ReleasedGil release_gil() noexcept {
  const bool is_ending = has_closed || Py_IsInitialized() == 0;
  const unsigned life = lives.load();
  return {PyEval_SaveThread(), life, is_ending};
}

void take_gil_back(const ReleasedGil& released) {
  // A thread that Python ends in there has left when it blocks.
  outliving([&] {
    if (released.is_ending) return PyEval_RestoreThread(released.thread);
    const Returning returning(released.life);
    PyEval_RestoreThread(released.thread);
  });
}

Status close_return_gate_at_end() {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) return {};
  static PyMethodDef definition{"_close_return_gate", &close_gate, METH_NOARGS, nullptr};
  have_fork_open();
  lives.fetch_add(1);
  closed.store(false);
  const PyRef function = PyRef::steal(PyCFunction_New(&definition, nullptr));
  const PyRef exits = PyRef::steal(PyImport_ImportModule("atexit"));
  if (!function || !exits) return python_error();
  const PyRef done =
      PyRef::steal(PyObject_CallMethod(exits.get(), "register", "O", function.get()));
  return done ? Status() : python_error();
}

#endif

}  // namespace signedvfs
