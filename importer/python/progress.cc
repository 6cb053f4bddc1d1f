#include "importer/python/progress.h"

#include "importer/python/convert.h"
#include "importer/python/guard.h"

namespace signedvfs {
namespace {

// Taking the GIL can cost a whole switch interval where other threads are busy, so without a
// callable the signals are looked at no more often than a person could tell.
constexpr std::chrono::milliseconds kBetweenLooks{50};

}  // namespace

Status Progress::check(PyObject* callable) {
  if (callable == Py_None || PyCallable_Check(callable) != 0) return {};
  return wrong_type("progress", "callable or None", callable);
}

bool Progress::tell(std::uint64_t done, std::uint64_t total) const {
  if (PyErr_CheckSignals() != 0) return false;
  if (callable_ == Py_None) return true;
  static_assert(sizeof(unsigned long long) == sizeof(std::uint64_t));
  return static_cast<bool>(
      PyRef::steal(PyObject_CallFunction(callable_, "KK", static_cast<unsigned long long>(done),
                                         static_cast<unsigned long long>(total))));
}

bool Progress::step(std::uint64_t done, std::uint64_t total) {
  if (raised_) return false;
  const auto now = std::chrono::steady_clock::now();
  if (callable_ == Py_None && now - last_look_ < kBetweenLooks) return true;
  last_look_ = now;

  take_gil_back(released_);
  if (!at_edge([&] { return tell(done, total); }, false)) raised_ = take_raised();
  released_ = release_gil();
  return !raised_;
}

}  // namespace signedvfs
