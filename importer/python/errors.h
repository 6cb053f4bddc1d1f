// The one place where outcomes of the core become Python exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "archive/base/status.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// Subject is what an operation was about, as far as its caller knows; it becomes the exception's
// attributes `path` and `member`. The message names both by itself: `Status::what` does.
struct Subject {
  std::optional<std::string> path;    // in the file system's bytes
  std::optional<std::string> member;  // UTF-8
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
// preceded by the audit event `signedvfs.refuse`. Every exception that is made here has the
// attributes `code` (the name of the Errc), `reason` (what was wrong), `advice` (what to do; "":
// nothing in general), `path`, `member` and `limit` (None where there is none).
void set_status(const Interpreter& home, const Status& status, Activity activity,
                const Subject& subject = {});

// raised does so and returns null, for functions that Python calls.
inline PyObject* raised(const Interpreter& home, const Status& status, Activity activity,
                        const Subject& subject = {}) {
  set_status(home, status, activity, subject);
  return nullptr;
}

// answer returns the result to Python, or raises.
inline PyObject* answer(const Interpreter& home, Result<PyRef> result, Activity activity,
                        const Subject& subject = {}) {
  if (!result.ok()) return raised(home, result.status(), activity, subject);
  return std::move(result).value().release();
}

// none returns None, or raises.
inline PyObject* none(const Interpreter& home, const Status& status, Activity activity) {
  if (!status.ok()) return raised(home, status, activity);
  Py_RETURN_NONE;
}

// make_exceptions makes the classes, and puts them into the module.
Status make_exceptions(Interpreter& home);

}  // namespace signedvfs
