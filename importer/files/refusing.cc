// What a read-only file system does not do.
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "importer/files/answering.h"
#include "importer/files/answers.h"
#include "importer/files/own_processes.h"

namespace signedvfs {
namespace {

// An archive's own file may be changed, moved or removed, as an update does: this process goes on
// with what it has open. What is below it has no file that could be.
PyObject* read_only(const Target& target) {
  return os_error(target.entry.is_there() ? EROFS : target.entry.error, target);
}

// made returns the error for something that would be made at the target.
int error_of_making(const VirtualEntry& entry) noexcept {
  if (entry.is_there()) return EEXIST;
  return entry.has_parent ? EROFS : entry.error;
}

// error_of_entering returns what a process is told that would have a directory of ours for its
// current one.
int error_of_entering(const Target& target) noexcept {
  const bool is_missing = target.is_inside() && !target.entry.is_there();
  return is_missing ? target.entry.error : ENOTDIR;
}

// from_directory returns a path to a program as a process finds it whose current directory is
// `current`, or None.
Result<PyRef> from_directory(PyObject* program, PyObject* current) {
  if (current == nullptr || current == Py_None) return PyRef::borrow(program);
  PyObject* directory = nullptr;
  PyObject* path = nullptr;
  const bool is_converted =
      PyUnicode_FSConverter(current, &directory) != 0 && PyUnicode_FSConverter(program, &path) != 0;
  PyRef joined = PyRef::steal(directory);
  const PyRef rest = PyRef::steal(path);
  if (!is_converted) {
    // The original says so.
    const bool is_passed = passed_over(PyExc_TypeError) || passed_over(PyExc_ValueError);
    return is_passed ? Result<PyRef>(PyRef::borrow(program)) : python_error();
  }
  if (std::string_view(PyBytes_AS_STRING(rest.get())).starts_with('/')) {
    return PyRef::borrow(program);
  }
  return owned(
      PyBytes_FromFormat("%s/%s", PyBytes_AS_STRING(joined.get()), PyBytes_AS_STRING(rest.get())));
}

constexpr Py_ssize_t kOpenAction = 5;  // the size of such a tuple

}  // namespace

PyObject* answer_chdir(Call& call, const Passing& passing) {
  // The kernel keeps the current directory, and has no such one. Nor is an archive's file one,
  // though a directory may stand there now: paths that start there would look like any others.
  const Result<Target> target = call.target_at(kPathArgument);
  if (!target.ok()) return refused(call, target.status());
  if (target->kind == Target::Kind::kElsewhere) return passing.original(call.given());
  return os_error(error_of_entering(*target), *target);
}

PyObject* answer_exec(Call& call, const Passing& passing) {
  constexpr Parameter kWords{1, "argv"};
  if (!give_own_words(call, call.at(kPathArgument), kWords, kPathArgument).ok()) return nullptr;
  return existing(call, passing, kPathArgument, nullptr,
                  [](const Target& target) { return os_error(EACCES, target); });
}

PyObject* answer_spawn(Call& call, const Passing& passing) {
  // What the child would open by itself: tuples of POSIX_SPAWN_OPEN, which is 0, a descriptor, a
  // path, flags and mode.
  constexpr Parameter kActions{kNamedOnly, "file_actions"};
  PyObject* const actions = call.at(kActions);
  if (actions != nullptr && actions != Py_None) {
    PyRef all = PyRef::steal(PySequence_Tuple(actions));
    if (!all) return nullptr;
    PyObject* const borrowed = all.get();
    call.put(kActions, std::move(all));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(borrowed); ++i) {
      PyObject* const action = PyTuple_GET_ITEM(borrowed, i);
      if (PyTuple_Check(action) == 0 || PyTuple_GET_SIZE(action) != kOpenAction) continue;
      PyObject* const path = PyTuple_GET_ITEM(action, 2);
      Call asked(call.files(), {&path, 1, nullptr});
      const Result<Target> target = asked.target_at({0, nullptr});
      if (!target.ok()) return refused(call, target.status());
      if (target->kind != Target::Kind::kElsewhere) return os_error(EACCES, *target);
    }
  }
  return answer_exec(call, passing);
}

PyObject* answer_fork_exec(Call& call, const Passing& passing) {
  // fork_exec(args, executables, close_fds, pass_fds, cwd, ...): those are tried in turn, from
  // there.
  constexpr Parameter kCurrent{4, nullptr};
  const Result<Target> current = call.target_at(kCurrent);
  if (!current.ok()) return refused(call, current.status());
  if (current->kind != Target::Kind::kElsewhere) {
    return os_error(error_of_entering(*current), *current);
  }
  PyObject* const executables = call.at({1, nullptr});
  if (executables == nullptr) return passing.original(call.given());
  const PyRef all = PyRef::steal(PySequence_Fast(executables, "a sequence of paths"));
  if (!all) return nullptr;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(all.get()); ++i) {
    const Result<PyRef> from =
        from_directory(PySequence_Fast_GET_ITEM(all.get(), i), call.at(kCurrent));
    if (!from.ok()) return nullptr;
    PyObject* const one = from->get();
    Call asked(call.files(), {&one, 1, nullptr});
    const Result<Target> target = asked.target_at({0, nullptr});
    if (!target.ok()) return refused(call, target.status());
    if (target->is_inside() && target->entry.is_there()) return os_error(EACCES, *target);
    constexpr Parameter kWords{0, nullptr};
    if (i == 0 && !give_own_words(call, one, kWords, {1, nullptr}, true).ok()) return nullptr;
  }
  return passing.original(call.given());
}

PyObject* answer_making(Call& call, const Passing& passing) {
  return with_target(call, passing, kPathArgument, &kDirectoryArgument, [](const Target& target) {
    return os_error(error_of_making(target.entry), target);
  });
}

PyObject* answer_changing(Call& call, const Passing& passing) {
  return with_target(call, passing, kPathArgument, &kDirectoryArgument, &read_only);
}

PyObject* answer_moving(Call& call, const Passing& passing) {
  constexpr Parameter kFromDirectory{kNamedOnly, "src_dir_fd"};
  constexpr Parameter kToDirectory{kNamedOnly, "dst_dir_fd"};
  const Result<Target> from = call.target_at({0, "src"}, &kFromDirectory);
  if (!from.ok()) return refused(call, from.status());
  const Result<Target> to = call.target_at({1, "dst"}, &kToDirectory);
  if (!to.ok()) return refused(call, to.status());
  if (!from->is_inside() && !to->is_inside()) return passing.original(call.given());
  if (from->is_inside() && !from->entry.is_there()) return os_error(from->entry.error, *from);
  const Target& named = from->spelled ? *from : *to;
  if (from->is_inside() != to->is_inside()) return os_error(EXDEV, named);
  return os_error(EROFS, named);
}

PyObject* answer_symlink(Call& call, const Passing& passing) {
  // What a link says is text; where it stands is a path.
  return with_target(call, passing, {1, "dst"}, &kDirectoryArgument, [](const Target& target) {
    return os_error(error_of_making(target.entry), target);
  });
}

}  // namespace signedvfs
