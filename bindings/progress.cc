#include "bindings/progress.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

// Taking the GIL can cost a whole switch interval where other threads are busy, so without a
// callable the signals are looked at no more often than a person could tell.
constexpr std::chrono::milliseconds kBetweenLooks{50};

}  // namespace

Progress::Progress(py::handle callable)
    : callable_(callable), last_look_(std::chrono::steady_clock::now()) {
  if (!callable.is_none() && PyCallable_Check(callable.ptr()) == 0) {
    throw py::type_error(std::string("progress must be callable or None, not ") +
                         Py_TYPE(callable.ptr())->tp_name);
  }
}

bool Progress::step(std::uint64_t done, std::uint64_t total) {
  if (failure_) return false;
  const auto now = std::chrono::steady_clock::now();
  if (callable_.is_none() && now - last_look_ < kBetweenLooks) return true;
  last_look_ = now;

  PyEval_RestoreThread(thread_);
  try {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!callable_.is_none()) callable_(done, total);
  } catch (py::error_already_set& raised) {
    failure_.emplace(raised);
  }
  thread_ = PyEval_SaveThread();
  return !failure_;
}

}  // namespace signedvfs
