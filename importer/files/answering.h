// What all answers have in common. Private to files/.
#pragma once

#include <cerrno>
#include <utility>

#include "importer/files/builtin_door.h"
#include "importer/files/call.h"
#include "importer/python/audit.h"
#include "importer/python/errors.h"

namespace signedvfs {

// The parameters that most functions of `os` have.
inline constexpr Parameter kPathArgument{0, "path"};
inline constexpr Parameter kDirectoryArgument{kNamedOnly, "dir_fd"};

// os_error raises the OSError that the kernel's error would be, with `filename` as it was spelled.
inline PyObject* os_error(int error, const Target& target) {
  errno = error;
  if (!target.spelled) return PyErr_SetFromErrno(PyExc_OSError);
  return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, target.spelled.get());
}

// refused raises what a failure stands for: of the archive that the target is in, if it is known.
inline PyObject* refused(const Call& call, const Status& status, const Target& target = {}) {
  Subject subject;
  if (target.mount != nullptr) {
    subject.path = target.mount->absolute();
    subject.member = target.entry.name;
  }
  return raised(call.files().home, status, Activity::kVerifying, subject);
}

// answer_with returns a result to Python, or raises.
inline PyObject* answer_with(const Call& call, Result<PyRef> result) {
  return answer(call.files().home, std::move(result), Activity::kVerifying);
}

// with_target calls `use` with what the path of `call` means where it is inside of a mount, and the
// original otherwise: also for the archive's own file.
template <class Use>
PyObject* with_target(Call& call, const Passing& passing, const Parameter& path,
                      const Parameter* directory, const Use& use) {
  const Result<Target> target = call.target_at(path, directory);
  if (!target.ok()) return refused(call, target.status());
  if (!target->is_inside()) return passing.original(call.given());
  return use(*target);
}

// existing does so where something is there, and raises its error otherwise.
template <class Use>
PyObject* existing(Call& call, const Passing& passing, const Parameter& path,
                   const Parameter* directory, const Use& use) {
  return with_target(call, passing, path, directory, [&](const Target& target) {
    return target.entry.is_there() ? use(target) : os_error(target.entry.error, target);
  });
}

}  // namespace signedvfs
