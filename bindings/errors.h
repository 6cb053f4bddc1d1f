// Outcomes of the core, thrown through C++ to pybind11's edge.
#pragma once

#include <pybind11/pybind11.h>

#include <utility>

#include "bindings/home.h"
#include "importer/python/errors.h"

namespace signedvfs {

// throw_status throws the Python exception that `status`, which is a failure, stands for.
[[noreturn]] inline void throw_status(const Home& home, const Status& status, Activity activity,
                                      const Subject& subject = {}) {
  set_status(*home, status, activity, subject);
  throw pybind11::error_already_set();
}

// require throws where `status` is a failure, or returns the result's value.
inline void require(const Home& home, const Status& status, Activity activity,
                    const Subject& subject = {}) {
  if (!status.ok()) throw_status(home, status, activity, subject);
}
template <class T>
T require(const Home& home, Result<T>&& result, Activity activity, const Subject& subject = {}) {
  if (!result.ok()) throw_status(home, result.status(), activity, subject);
  return std::move(result).value();
}

}  // namespace signedvfs
