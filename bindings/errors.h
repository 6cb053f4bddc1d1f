// The one place where outcomes of the core become Python exceptions.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>
#include <string>
#include <utility>

#include "archive/status.h"

namespace signedvfs {

// Subject is what an operation was about, as far as its caller knows; it becomes the exception's
// attributes `archive` and `member`. The message names both by itself: `Status::what` does.
struct Subject {
  std::optional<std::string> archive;  // a path, in the file system's bytes
  std::optional<std::string> member;   // UTF-8
};

// Activity tells whether a failure of the operating system means that no verdict could be reached
// (an IntegrityCheckError, which no `except OSError` swallows) or is an ordinary OSError.
enum class Activity : std::uint8_t {
  kVerifying,  // opening or reading archives, importing from them
  kShowing,    // the same, for people to look at: IntegrityCheckErrors are ImportErrors as well
  kTool,       // keys, signing
  kWriting,    // making an archive: its names and sizes are arguments, and a wrong one ValueError
};

// set_status sets the Python exception that `status`, which is a failure, stands for. Needs the
// GIL. Where the code is `kPython` one is set already, and is left alone. An IntegrityCheckError is
// preceded by the audit event `signedvfs.refuse`.
void set_status(const Status& status, Activity activity, const Subject& subject = {});

// throw_status does the same and throws it through C++ to pybind11's edge.
[[noreturn]] void throw_status(const Status& status, Activity activity,
                               const Subject& subject = {});

// require throws where `status` is a failure, or returns the result's value.
inline void require(const Status& status, Activity activity, const Subject& subject = {}) {
  if (!status.ok()) throw_status(status, activity, subject);
}
template <class T>
T require(Result<T>&& result, Activity activity, const Subject& subject = {}) {
  if (!result.ok()) throw_status(result.status(), activity, subject);
  return std::move(result).value();
}

}  // namespace signedvfs
