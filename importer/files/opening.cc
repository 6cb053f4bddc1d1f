// os.open of what is below an archive.
#include <cerrno>
#include <utility>

#include "archive/os/open_flags.h"
#include "importer/files/answering.h"
#include "importer/files/answers.h"
#include "importer/files/content.h"
#include "importer/files/verified_open.h"

namespace signedvfs {
namespace {

// refusal_of returns the error of open(2) in a read-only file system, or 0.
int refusal_of(const Target& target, const OpenFlags& flags) noexcept {
  const VirtualEntry& entry = target.entry;
  if (!entry.is_there()) {
    return entry.has_parent && flags.creates() ? EROFS : entry.error;
  }
  if (flags.creates() && flags.is_exclusive()) return EEXIST;
  const bool is_directory = entry.kind == EntryKind::kDirectory;
  if (is_directory && (flags.writes() || flags.creates())) return EISDIR;
  if (flags.writes()) return EROFS;
  if (!is_directory && flags.wants_directory()) return ENOTDIR;
  return 0;
}

PyObject* number_of(Call& call, const Target& target, Result<FileDescriptor> opened) {
  if (!opened.ok()) return refused(call, opened.status(), target);
  return PyLong_FromLong(opened->release());
}

}  // namespace

PyObject* answer_open(Call& call, const Passing& passing) {
  const Result<Target> target = call.target_at(kPathArgument, &kDirectoryArgument);
  if (!target.ok()) return refused(call, target.status());
  if (target->kind == Target::Kind::kElsewhere) return passing.original(call.given());
  long number = 0;
  if (!call.number_at({1, "flags"}, kReading, number)) return nullptr;
  const OpenFlags flags(number);
  if (target->kind == Target::Kind::kOwnFile) {
    // Whoever writes replaces the archive for the next process; this one keeps what it has open.
    // He may not read what stands there now, be it a file or a directory.
    if (flags.wants_directory()) return os_error(ENOTDIR, *target);
    if (flags.reads_and_writes() && !flags.truncates() && !flags.is_exclusive()) {
      return refused(call, no_update(*target), *target);
    }
    if (flags.writes()) return passing.original(call.given());
  } else if (const int error = refusal_of(*target, flags); error != 0) {
    return os_error(error, *target);
  }
  PyObject* const path = target->spelled ? target->spelled.get() : Py_None;
  if (PySys_Audit("open", "OOl", path, Py_None, number) < 0) return nullptr;
  if (target->entry.kind == EntryKind::kDirectory) {
    return number_of(call, *target, call.files().handles.open({target->mount, target->entry.name}));
  }
  return number_of(call, *target, open_verified(call.files(), *target));
}

}  // namespace signedvfs
