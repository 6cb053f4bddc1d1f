// Long work without the GIL that reports to Python now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "archive/base/status.h"
#include "importer/python/guard.h"
#include "importer/python/object.h"
#include "importer/python/raised.h"
#include "importer/python/return_gate.h"

namespace signedvfs {

// Progress runs long work without the GIL, while telling a Python callable how far it has got and
// looking for Ctrl-C. The thread state that gives up the GIL is the one that takes it back, which
// is right in every interpreter; PyGILState_Ensure knows the main interpreter only.
class Progress {
 public:
  // check is a TypeError where `callable` is neither None nor a callable of two ints.
  static Status check(PyObject* callable);

  // Progress borrows `callable`, which has passed `check` and must outlive it.
  explicit Progress(PyObject* callable) noexcept
      : callable_(callable), last_look_(std::chrono::steady_clock::now()) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // run returns what `work` returns, a Status or a Result, unless `step` gave it up: then
  // `kPython`, with the exception set that the callable, or the signal's handler, has raised.
  template <class Work>
  auto run(Work&& work) {
    auto result = [&] {
      released_ = release_gil();
      const Relock relock{*this};
      return std::forward<Work>(work)();
    }();
    if (raised_) {
      raise_again(std::move(raised_));
      result = python_error();
    }
    return result;
  }

  // step is for `work` to call, in the thread that called `run`; it returns false where the work is
  // to be given up. `work` need not be prepared for exceptions, nor for a thread that ends.
  bool step(std::uint64_t done, std::uint64_t total);

  // call does `part`, which needs the GIL and returns a Result without Python objects, in the
  // thread that called `run`. `kPython` with an exception set is what `run` ends with then.
  template <class Part>
  auto call(Part&& part) -> decltype(part()) {
    using Answer = decltype(part());
    if (raised_) return python_error();
    take_gil_back(released_);
    Answer answer = at_edge(std::forward<Part>(part), Answer(python_error()));
    if (answer.code() == Errc::kPython) raised_ = take_raised();
    released_ = release_gil();
    return answer;
  }

 private:
  struct Relock {
    Progress& progress;
    ~Relock() { take_gil_back(progress.released_); }
  };

  bool tell(std::uint64_t done, std::uint64_t total) const;

  PyObject* callable_;
  ReleasedGil released_{};
  PyRef raised_;
  std::chrono::steady_clock::time_point last_look_;
};

}  // namespace signedvfs
