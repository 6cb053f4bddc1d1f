// io.FileIO over what is below an archive.
#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "archive/os/open_flags.h"
#include "importer/files/answering.h"
#include "importer/files/builders.h"
#include "importer/files/verified_open.h"

namespace signedvfs {
namespace {

constexpr Parameter kFile{0, "file"};
constexpr Parameter kOpenMode{1, "mode"};
constexpr Parameter kCloseFd{2, "closefd"};
constexpr Parameter kOpener{3, "opener"};

int failed(const PyObject* null) { return null == nullptr ? -1 : 0; }

// mode_text returns the text of a mode; empty for what is none, which is for the original to
// refuse.
std::string_view mode_text(PyObject* mode) {
  if (mode == nullptr) return "r";
  if (PyUnicode_Check(mode) == 0) return {};
  const char* const utf8 = PyUnicode_AsUTF8(mode);
  if (utf8 == nullptr) {
    PyErr_Clear();
    return {};
  }
  const std::string_view text(utf8);
  if (text.find_first_not_of("rwaxb+") != std::string_view::npos) return {};
  const auto count = [&](std::string_view letters) {
    return std::count_if(text.begin(), text.end(), [&](char letter) {
      return letters.find(letter) != std::string_view::npos;
    });
  };
  return count("rwax") == 1 && count("+") <= 1 ? text : std::string_view();
}

bool has_any(std::string_view text, std::string_view letters) noexcept {
  return text.find_first_of(letters) != std::string_view::npos;
}

// write_error returns the error of opening for writing.
int write_error(const VirtualEntry& entry, std::string_view mode) noexcept {
  if (!entry.is_there()) {
    return has_any(mode, "wax") && entry.has_parent ? EROFS : entry.error;
  }
  if (has_any(mode, "x")) return EEXIST;
  return entry.kind == EntryKind::kDirectory ? EISDIR : EROFS;
}

// build_over has the original construct the object over `file`, which it owns from then on.
int build_over(FileDescriptor file, PyObject* name, const Construction& construction) {
  const PyRef given = PyRef::steal(Py_BuildValue("(is)", file.get(), "r"));
  if (!given || construction.original(construction.self, given.get(), nullptr) < 0) return -1;
  (void)file.release();
  return PyObject_SetAttrString(construction.self, "name", name);
}

int build_below(Call& call, const Target& target, const Construction& construction) {
  const std::string_view mode = mode_text(call.at(kOpenMode));
  if (mode.empty()) return construction.go_on();
  PyObject* const close_fd = call.at(kCloseFd);
  if (close_fd != nullptr && PyObject_IsTrue(close_fd) != 1) return construction.go_on();
  // An opener opens it by functions that ask us in turn.
  PyObject* const opener = call.at(kOpener);
  if (opener != nullptr && opener != Py_None) return construction.go_on();
  const VirtualEntry& entry = target.entry;
  if (has_any(mode, "wax+")) {
    // Whoever writes the archive's own file replaces it for the next process. He may not read what
    // stands there now.
    if (target.kind == Target::Kind::kOwnFile) {
      if (!has_any(mode, "+") || has_any(mode, "wx")) return construction.go_on();
      return failed(refused(call, no_update(target), target));
    }
    return failed(os_error(write_error(entry, mode), target));
  }
  if (target.is_inside() && !entry.is_there()) return failed(os_error(entry.error, target));
  if (entry.kind == EntryKind::kDirectory) return failed(os_error(EISDIR, target));
  PyObject* const name = call.at(kFile);
  if (PySys_Audit("open", "OsI", name, "r", kReading) < 0) return -1;
  Result<FileDescriptor> file = open_verified(call.files(), target);
  if (!file.ok()) return failed(refused(call, file.status(), target));
  return build_over(std::move(file).value(), name, construction);
}

// build_named has the original construct the object over `meant`, which was given by name.
int build_named(PyObject* meant, const Construction& construction) {
  if (construction.named == nullptr || meant == nullptr) return construction.go_on();
  const PyRef named = PyRef::steal(PyDict_Copy(construction.named));
  if (!named || PyDict_SetItemString(named.get(), kFile.name, meant) < 0) return -1;
  return construction.original(construction.self, construction.positional, named.get());
}

}  // namespace

int build_file_io(Call& call, const Construction& construction) {
  const Result<Target> target = call.target_at(kFile);
  if (!target.ok()) return failed(refused(call, target.status()));
  // The descriptor of a directory.
  if (!target->spelled && target->is_inside()) return failed(os_error(EISDIR, *target));
  if (target->kind != Target::Kind::kElsewhere) return build_below(call, *target, construction);
  // Where a path leads through us and out again, the original gets where it leads to.
  PyObject* const meant = call.at(kFile);
  const Py_ssize_t count = PyTuple_GET_SIZE(construction.positional);
  if (count == 0) return build_named(meant, construction);
  if (meant == PyTuple_GET_ITEM(construction.positional, 0)) return construction.go_on();
  const PyRef changed = PyRef::steal(PyTuple_New(count));
  if (!changed) return -1;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* const value = i == 0 ? meant : PyTuple_GET_ITEM(construction.positional, i);
    PyTuple_SET_ITEM(changed.get(), i, PyRef::borrow(value).release());
  }
  return construction.original(construction.self, changed.get(), construction.named);
}

}  // namespace signedvfs
