// What a read-only file system says of what is below an archive. The parameters are those of the
// functions of `os` with the same names, and the errors those of Linux (stat(2), access(2) ...).
#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "archive/os/open_flags.h"
#include "importer/files/answering.h"
#include "importer/files/answers.h"
#include "importer/files/scanning.h"

namespace signedvfs {
namespace {

// has_known_names tells whether all arguments that were given by name are those of os.stat and its
// kin; if not, it raises the TypeError that Python would.
bool has_known_names(const Call& call) {
  static constexpr std::array kNames{"path", "dir_fd", "follow_symlinks"};
  PyObject* const names = call.given().names;
  for (Py_ssize_t i = 0; names != nullptr && i < PyTuple_GET_SIZE(names); ++i) {
    PyObject* const name = PyTuple_GET_ITEM(names, i);
    const bool is_known = std::any_of(kNames.begin(), kNames.end(), [&](const char* known) {
      return PyUnicode_CompareWithASCIIString(name, known) == 0;
    });
    if (is_known) continue;
    PyErr_Format(PyExc_TypeError, "%R is an invalid keyword argument for this function", name);
    return false;
  }
  return true;
}

PyObject* stat_of(Call& call, const Target& target) {
  return answer_with(call, call.files().stat->make(target.mount, target.entry));
}

PyObject* stat_at(Call& call, const Passing& passing) {
  return existing(call, passing, kPathArgument, &kDirectoryArgument, [&](const Target& target) {
    return has_known_names(call) ? stat_of(call, target) : nullptr;
  });
}

// way_given returns the way that the path of a call is, or null.
Result<const Territory::Way*> way_given(const Call& call) {
  PyObject* const path = call.at(kPathArgument);
  if (path == nullptr || (PyUnicode_Check(path) == 0 && PyBytes_Check(path) == 0)) {
    return static_cast<const Territory::Way*>(nullptr);
  }
  const PyRef bytes = PyUnicode_Check(path) != 0 ? PyRef::steal(PyUnicode_EncodeFSDefault(path))
                                                 : PyRef::borrow(path);
  if (!bytes) {
    if (!passed_over(PyExc_UnicodeError)) return python_error();
    return static_cast<const Territory::Way*>(nullptr);  // it names no file
  }
  return call.files().territory->way_at(
      {PyBytes_AS_STRING(bytes.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()))});
}

Result<PyRef> name_in(std::string_view name, bool in_bytes) {
  SIGNEDVFS_ASSIGN(PyRef text, text_of_utf8(name));
  return in_bytes ? owned(PyUnicode_EncodeFSDefault(text.get())) : std::move(text);
}

// list_of_names returns what lies directly in a directory.
Result<PyRef> list_of_names(const Target& target) {
  SIGNEDVFS_ASSIGN(const auto items, target.opened->vfs->listing().list(target.entry.name));
  SIGNEDVFS_ASSIGN(PyRef names, owned(PyList_New(0)));
  for (const DirectoryItem& item : items) {
    SIGNEDVFS_ASSIGN(const PyRef name, name_in(item.name, target.in_bytes));
    if (PyList_Append(names.get(), name.get()) < 0) return python_error();
  }
  return names;
}

// listed calls `use` with a directory that is to be listed, after the audit event of that name. The
// archive itself is one, as for whoever has its path from `__file__`.
template <class Use>
PyObject* listed(Call& call, const Passing& passing, const char* event, const Use& use) {
  Result<Target> found = call.target_of_listing(kPathArgument);
  if (!found.ok()) return refused(call, found.status());
  Target& target = *found;
  if (target.kind == Target::Kind::kElsewhere) return passing.original(call.given());
  if (target.kind == Target::Kind::kOwnFile) target.entry.kind = EntryKind::kDirectory;
  PyObject* const asked = call.at(kPathArgument) == nullptr ? Py_None : call.at(kPathArgument);
  if (PySys_Audit(event, "O", asked) < 0) return nullptr;
  if (!target.entry.is_there()) return os_error(target.entry.error, target);
  if (target.entry.kind == EntryKind::kFile) return os_error(ENOTDIR, target);
  return answer_with(call, use(target));
}

}  // namespace

PyObject* answer_stat(Call& call, const Passing& passing) {
  constexpr Parameter kFollow{kNamedOnly, "follow_symlinks"};
  PyObject* const follow = call.at(kFollow);
  const int follows = follow == nullptr ? 1 : PyObject_IsTrue(follow);
  if (follows < 0) return nullptr;
  return follows != 0 ? stat_at(call, passing) : answer_lstat(call, passing);
}

PyObject* answer_lstat(Call& call, const Passing& passing) {
  const Result<const Territory::Way*> found = way_given(call);
  if (!found.ok()) return nullptr;
  const Territory::Way* const way = *found;
  // Where no link was, none has come: else whoever goes by links would leave the way.
  if (way != nullptr && way->link.empty()) return passing.original_stat(call.at(kPathArgument));
  return stat_at(call, passing);
}

PyObject* answer_fstat(Call& call, const Passing& passing) {
  return existing(call, passing, {0, "fd"}, nullptr,
                  [&](const Target& target) { return stat_of(call, target); });
}

PyObject* answer_access(Call& call, const Passing& passing) {
  return with_target(
      call, passing, kPathArgument, &kDirectoryArgument, [&](const Target& target) -> PyObject* {
        long mode = 0;
        if (!call.number_at({1, "mode"}, kExists, mode)) return nullptr;
        const bool is_directory = target.entry.kind == EntryKind::kDirectory;
        const bool is_allowed =
            target.entry.is_there() && !asks_to_write(mode) && (!asks_to_run(mode) || is_directory);
        return PyBool_FromLong(is_allowed ? 1 : 0);
      });
}

PyObject* answer_listdir(Call& call, const Passing& passing) {
  return listed(call, passing, "os.listdir", &list_of_names);
}

PyObject* answer_scandir(Call& call, const Passing& passing) {
  return listed(call, passing, "os.scandir",
                [&](Target& target) { return scan(call.files(), std::move(target)); });
}

PyObject* answer_readlink(Call& call, const Passing& passing) {
  const Result<const Territory::Way*> found = way_given(call);
  if (!found.ok()) return nullptr;
  if (const Territory::Way* const way = *found) {
    const PyRef now = PyRef::steal(passing.original(call.given()));
    if (!now) return nullptr;
    Target target;
    target.spelled = PyRef::borrow(call.at(kPathArgument));
    if (way->link.empty()) return os_error(EINVAL, target);
    Result<PyRef> text = text_of_path(way->link);
    if (text.ok() && PyBytes_Check(now.get()) != 0) {
      text = owned(PyUnicode_EncodeFSDefault(text->get()));
    }
    return answer_with(call, std::move(text));
  }
  return existing(call, passing, kPathArgument, &kDirectoryArgument,
                  [](const Target& target) { return os_error(EINVAL, target); });
}

// The file system that the archive lies in is as good an answer as any.
PyObject* answer_of_archive(Call& call, const Passing& passing) {
  return existing(call, passing, kPathArgument, nullptr, [&](const Target& target) -> PyObject* {
    const Result<PyRef> archive = text_of_path(target.mount->absolute());
    if (!archive.ok()) return nullptr;
    const Arguments& given = call.given();
    const Py_ssize_t named = given.names == nullptr ? 0 : PyTuple_GET_SIZE(given.names);
    std::vector<PyObject*> values(given.values, given.values + given.count + named);
    PyObject* const path = call.at(kPathArgument);
    for (PyObject*& one : values) {
      if (one == path) one = archive->get();
    }
    return passing.original({values.data(), given.count, given.names});
  });
}

PyObject* answer_getxattr(Call& call, const Passing& passing) {
  return existing(call, passing, kPathArgument, nullptr,
                  [](const Target& target) { return os_error(ENODATA, target); });
}

PyObject* answer_listxattr(Call& call, const Passing& passing) {
  return existing(call, passing, kPathArgument, nullptr,
                  [](const Target&) { return PyList_New(0); });
}

PyObject* answer_not_supported(Call& call, const Passing& passing) {
  return existing(call, passing, kPathArgument, &kDirectoryArgument,
                  [](const Target& target) { return os_error(ENOTSUP, target); });
}

}  // namespace signedvfs
