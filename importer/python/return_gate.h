// Threads that come back to an interpreter that may be ending.
//
// Up to Python 3.13 a thread that takes the GIL asks whether the interpreter is being finalized,
// and uses its thread state afterwards. Py_FinalizeEx frees the states of daemon threads, also of
// one that is between these two steps, which then reads freed memory. So none of ours may be there
// when it begins: at the end of Python's exit functions those that are there are waited for, and
// whoever comes later waits outside until the interpreter has ended, and then for ever.
#pragma once

#include <Python.h>

#include "archive/base/status.h"

namespace signedvfs {

// ReleasedGil is what a thread takes the GIL back with.
struct ReleasedGil {
  PyThreadState* thread;
  unsigned life;   // which of the main interpreters that there have been was alive
  bool is_ending;  // whether it is this thread that ends it: nobody else has the GIL by then
};

// release_gil is PyEval_SaveThread.
ReleasedGil release_gil() noexcept;

// take_gil_back is PyEval_RestoreThread, once for each release_gil and in the same thread. It does
// not return in a thread that outlives the interpreter.
void take_gil_back(const ReleasedGil& released);

// close_return_gate_at_end has the running interpreter, where it is the main one, close the gate in
// a function of `atexit`. Functions that were registered before run after it, and may join a thread
// that waits outside: the gate opens again, for good, where the interpreter has not ended within a
// tenth of a second. Fails with `kPython`.
Status close_return_gate_at_end();

}  // namespace signedvfs
