// Threads that outlive the interpreter.
//
// Up to Python 3.13 a daemon thread that asks for the GIL while the interpreter is being finalized
// is ended where it stands: pthread_exit(3) unwinds it through whatever C++ has called Python, and
// runs destructors that would touch Python objects without the GIL. (From 3.14 on Python itself
// blocks such threads for good, bpo-42969.) We do the same in its place: the first of our frames
// that such a thread is unwound into blocks it until the process ends, holding no lock of ours.
#pragma once

#include <Python.h>

#if PY_VERSION_HEX < 0x030e0000
#include <cxxabi.h>

#include <exception>
#include <type_traits>

#include "archive/os/process.h"
#endif

namespace signedvfs {

// is_being_ended tells whether the calling thread, which has called Python, is being unwound so.
inline bool is_being_ended() noexcept {
#if PY_VERSION_HEX >= 0x030e0000
  return false;
#elif PY_VERSION_HEX >= 0x030d0000
  return PyThreadState_GetUnchecked() == nullptr;
#elif PY_VERSION_HEX >= 0x030c0000
  return _PyThreadState_UncheckedGet() == nullptr;
#else
  // Which thread has the GIL is known for the whole process only. That the one which it was made
  // for is another proves nothing where a program passes them around; so one more sign is asked
  // for.
  const PyThreadState* const running = _PyThreadState_UncheckedGet();
  if (running == nullptr) return true;
  return running->thread_id != PyThread_get_thread_ident() &&
         (PyGILState_Check() == 0 || Py_IsInitialized() == 0);
#endif
}

#if PY_VERSION_HEX < 0x030e0000 && defined(_LIBCPP_VERSION)
// ForcedUnwindStop blocks a thread that is unwound past it by no exception of C++. libc++ has no
// type for that, and `catch (...)` would end the process where another exception is handled.
class ForcedUnwindStop {
 public:
  ForcedUnwindStop() noexcept = default;
  ForcedUnwindStop(const ForcedUnwindStop&) = delete;
  ForcedUnwindStop& operator=(const ForcedUnwindStop&) = delete;
  ~ForcedUnwindStop() {
    if (!has_returned_ && std::uncaught_exceptions() == before_) park_thread();
  }
  void has_returned() noexcept { has_returned_ = true; }

 private:
  int before_ = std::uncaught_exceptions();
  bool has_returned_ = false;
};
#endif

// outliving returns what `work` returns, which calls Python; where Python ends the thread in there,
// it blocks.
template <class Work>
decltype(auto) outliving(Work&& work) {
#if PY_VERSION_HEX < 0x030e0000 && defined(_LIBCPP_VERSION)
  ForcedUnwindStop stop;
  if constexpr (std::is_void_v<decltype(work())>) {
    work();
    stop.has_returned();
  } else {
    auto result = work();
    stop.has_returned();
    return result;
  }
#elif PY_VERSION_HEX < 0x030e0000
  try {
    return work();
  } catch (abi::__forced_unwind&) {
    park_thread();
  }
#else
  return work();
#endif
}

// in_destructor does so for work that a destructor has Python do: while a thread is being unwound,
// too, which then blocks before it touches anything.
template <class Work>
void in_destructor(Work&& work) {
#if PY_VERSION_HEX < 0x030e0000
  if (is_being_ended()) park_thread();
#endif
  outliving(work);
}

}  // namespace signedvfs
