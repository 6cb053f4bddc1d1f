// Long work without the GIL that reports to Python now and then.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace signedvfs {

// Progress runs long work without the GIL, while telling a Python callable how far it has got and
// looking for Ctrl-C. The thread state that gives up the GIL is the one that takes it back, which
// is right in every interpreter; PyGILState_Ensure knows the main interpreter only.
class Progress {
 public:
  // Progress borrows `callable`, None or a callable of two ints, which must outlive it.
  explicit Progress(pybind11::handle callable);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // run returns what `work` returns, unless `step` gave it up: then it raises what the callable, or
  // the signal's handler, has raised.
  template <class Work>
  auto run(Work&& work) {
    auto result = [&] {
      thread_ = PyEval_SaveThread();
      const Relock relock{*this};
      return std::forward<Work>(work)();
    }();
    if (failure_) throw pybind11::error_already_set(*failure_);
    return result;
  }

  // step is for `work` to call, in the thread that called `run`; it returns false where the work is
  // to be given up.
  bool step(std::uint64_t done, std::uint64_t total);

 private:
  struct Relock {
    Progress& progress;
    ~Relock() { PyEval_RestoreThread(progress.thread_); }
  };

  pybind11::handle callable_;
  PyThreadState* thread_ = nullptr;
  std::optional<pybind11::error_already_set> failure_;
  std::chrono::steady_clock::time_point last_look_;
};

}  // namespace signedvfs
