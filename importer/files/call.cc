#include "importer/files/call.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "archive/os/file_status.h"
#include "archive/os/open_flags.h"
#include "archive/os/sealed_memory.h"
#include "importer/files/answering.h"
#include "importer/paths/text.h"

namespace signedvfs {
namespace {

bool is_ascii_text(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

// bytes_of_path returns a str or bytes in the file system's encoding.
Result<std::string> bytes_of_path(PyObject* path) {
  if (PyBytes_Check(path) != 0) {
    return std::string(PyBytes_AS_STRING(path), static_cast<std::size_t>(PyBytes_GET_SIZE(path)));
  }
  SIGNEDVFS_ASSIGN(const PyRef bytes, owned(PyUnicode_EncodeFSDefault(path)));
  return std::string(PyBytes_AS_STRING(bytes.get()),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())));
}

// Members are named in UTF-8, whatever the file system's encoding is.
Result<std::string> utf8_of_bytes(const std::string& text) {
  if (is_ascii_text(text)) return text;
  SIGNEDVFS_ASSIGN(const PyRef decoded, text_of_path(text));
  return utf8_of(decoded.get());
}

// place_of returns the path of an open directory; nothing for what is no directory. Fails where the
// system does not tell, as without /proc: what lies below it could be ours.
Result<std::string> place_of(int descriptor) {
  int error = 0;
  std::string place = link_target(path_of_descriptor(descriptor), error);
  if (place.starts_with('/')) return place;
  if (!status_of(descriptor).is_directory()) return std::string();
  return Status(Errc::kIo, "the system does not tell which directory the descriptor " +
                               std::to_string(descriptor) + " has")
      .advising("Mount /proc, or use the whole path.");
}

// has_path tells whether an object is an os.PathLike, as os.fspath looks at it.
Result<bool> has_path(PyObject* given) {
  const PyRef found = PyRef::steal(
      PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(given)), "__fspath__"));
  if (!found && !passed_over(PyExc_AttributeError)) return python_error();
  return static_cast<bool>(found);
}

}  // namespace

PyObject* Call::at(const Parameter& parameter) const {
  if (parameter.position >= 0 && parameter.position < given_.count) {
    return given_.values[parameter.position];
  }
  if (given_.names == nullptr || parameter.name == nullptr) return nullptr;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given_.names); ++i) {
    PyObject* const name = PyTuple_GET_ITEM(given_.names, i);
    if (PyUnicode_CompareWithASCIIString(name, parameter.name) == 0) {
      return given_.values[given_.count + i];
    }
  }
  return nullptr;
}

bool Call::number_at(const Parameter& parameter, long missing, long& out) const {
  PyObject* const value = at(parameter);
  out = missing;
  if (value == nullptr || value == Py_None) return true;
  out = PyLong_AsLong(value);
  return out != -1 || PyErr_Occurred() == nullptr;
}

void Call::put(const Parameter& parameter, PyRef value) {
  const PyObject* const before = at(parameter);
  if (values_.empty()) {
    const auto named = given_.names == nullptr ? 0 : PyTuple_GET_SIZE(given_.names);
    values_.assign(given_.values, given_.values + given_.count + named);
    given_.values = values_.data();
  }
  for (PyObject*& one : values_) {
    if (one == before) one = value.get();
  }
  kept_.push_back(std::move(value));
}

Result<Target> Call::target_at(const Parameter& parameter, const Parameter* directory) {
  PyObject* given = at(parameter);
  if (given == nullptr || given == Py_None) return Target();
  PyRef spelled = PyRef::borrow(given);
  if (PyUnicode_Check(given) == 0 && PyBytes_Check(given) == 0) {
    SIGNEDVFS_ASSIGN(const bool is_path, has_path(given));
    if (is_path) {
      SIGNEDVFS_ASSIGN(spelled, owned(PyOS_FSPath(given)));
      put(parameter, PyRef::borrow(spelled.get()));
    } else if (PyIndex_Check(given) != 0) {
      if (files_.handles.is_empty()) return Target();
      SIGNEDVFS_ASSIGN(const auto descriptor, descriptor_at(parameter));
      return descriptor ? target_of_descriptor(*descriptor) : Target();
    } else if (PyObject_CheckBuffer(given) != 0) {
      // Python before 3.14 takes some of them for paths.
      SIGNEDVFS_ASSIGN(spelled, owned(PyBytes_FromObject(given)));
    } else {
      return Target();  // no path at all: the original says so, or knows more than we do
    }
  }
  Result<std::string> bytes = bytes_of_path(spelled.get());
  if (!bytes.ok()) {
    // What cannot be encoded is no file's name, ours included.
    return passed_over(PyExc_UnicodeError) ? Result<Target>(Target()) : python_error();
  }
  std::string text = std::move(bytes).value();
  if (text.empty() || text.find('\0') != std::string::npos) return Target();
  PyObject* const base = directory == nullptr ? nullptr : at(*directory);
  if (base != nullptr && PyIndex_Check(base) != 0 && !text.starts_with('/')) {
    SIGNEDVFS_ASSIGN(const auto descriptor, descriptor_at(*directory));
    if (!descriptor) return Target();
    if (const auto known = files_.handles.find(*descriptor)) {
      return target_below(*known, text, std::move(spelled), parameter);
    }
    if (files_.territory->is_elsewhere(text)) return Target();
    if (*descriptor != kFromCurrentDirectory) {
      SIGNEDVFS_ASSIGN(const std::string place, place_of(*descriptor));
      if (place.empty()) return Target();
      text = place + '/' + text;
    }
  }
  return target_of(std::move(text), std::move(spelled), parameter);
}

Result<std::optional<int>> Call::descriptor_at(const Parameter& parameter) {
  SIGNEDVFS_ASSIGN(PyRef number, owned(PyNumber_Index(at(parameter))));
  PyObject* const borrowed = number.get();
  put(parameter, std::move(number));
  const long descriptor = PyLong_AsLong(borrowed);
  if (descriptor == -1 && PyErr_Occurred() != nullptr) {
    // The original says so.
    if (!passed_over(PyExc_OverflowError)) return python_error();
    return std::optional<int>();
  }
  return std::optional(static_cast<int>(descriptor));
}

Result<Target> Call::target_of_listing(const Parameter& parameter) {
  PyObject* const given = at(parameter);
  if (given != nullptr && given != Py_None) return target_at(parameter);
  // The current directory, which can be in a signed tree.
  SIGNEDVFS_ASSIGN(PyRef here, owned(PyUnicode_FromString(".")));
  return target_of(".", std::move(here), parameter);
}

Result<Target> Call::target_of(std::string text, PyRef spelled, const Parameter& parameter) {
  if (files_.territory->is_elsewhere(text)) return Target();
  if (!text.starts_with('/')) {
    const Result<std::string> here = absolute_path(".");
    if (!here.ok()) {
      // The current directory has been removed. The kernel still goes up from there, and nobody
      // knows where to.
      Target target;
      target.spelled = std::move(spelled);
      os_error(ENOENT, target);
      return python_error();
    }
    text = *here + '/' + text;
  }
  auto found = files_.territory->find(text);
  if (!found) return Target();
  return inside(*std::move(found), std::move(spelled), parameter);
}

Result<Target> Call::target_of_descriptor(int descriptor) {
  const auto known = files_.handles.find(descriptor);
  if (!known) return Target();
  Target target;
  target.kind = Target::Kind::kInside;
  target.mount = known->mount;
  target.opened = target.mount->opened();
  target.entry.kind = EntryKind::kDirectory;
  target.entry.name = known->name;
  return target;
}

Result<Target> Call::target_below(const DirectoryHandle& directory, std::string_view text,
                                  PyRef spelled, const Parameter& parameter) {
  std::string rest = directory.name;
  if (!rest.empty()) rest += '/';
  rest += text;
  return inside({directory.mount, std::move(rest)}, std::move(spelled), parameter);
}

Result<Target> Call::inside(Territory::Found found, PyRef spelled, const Parameter& parameter) {
  Target target;
  target.mount = std::move(found.mount);
  target.opened = target.mount->opened();
  SIGNEDVFS_ASSIGN(const std::string rest, utf8_of_bytes(found.rest));
  SIGNEDVFS_ASSIGN(target.entry, look_up(*target.mount, *target.opened->vfs, rest));
  target.in_bytes = PyBytes_Check(spelled.get()) != 0;
  if (target.entry.kind == EntryKind::kOutside) {
    // What was spelled goes through us; where it leads is for the original, or another archive.
    const std::string outside = target.entry.name;
    SIGNEDVFS_ASSIGN(PyRef path, target.in_bytes
                                     ? owned(PyBytes_FromStringAndSize(
                                           outside.data(), static_cast<Py_ssize_t>(outside.size())))
                                     : text_of_path(outside));
    put(parameter, PyRef::borrow(path.get()));
    return target_of(outside, std::move(path), parameter);
  }
  target.kind =
      target.entry.kind == EntryKind::kOwnFile ? Target::Kind::kOwnFile : Target::Kind::kInside;
  target.spelled = std::move(spelled);
  return target;
}

}  // namespace signedvfs
