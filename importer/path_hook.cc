#include "importer/path_hook.h"

#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "archive/container.h"
#include "importer/path_split.h"

namespace signedvfs {
namespace {

// encode_path returns a str in the file system's bytes. A component that has no such form becomes
// a NUL, which names nothing; the rest of the path may still lead to an archive.
Result<std::string> encode_path(PyObject* text) {
  PyObject* bytes = PyUnicode_EncodeFSDefault(text);
  if (bytes != nullptr) {
    const PyRef encoded = PyRef::steal(bytes);
    return std::string(PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes)));
  }
  if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) return python_error();
  PyErr_Clear();
  SIGNEDVFS_ASSIGN(const PyRef separator, owned(PyUnicode_FromString("/")));
  SIGNEDVFS_ASSIGN(const PyRef parts, owned(PyUnicode_Split(text, separator.get(), -1)));
  std::string path;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(parts.get()); ++i) {
    if (i > 0) path += '/';
    const PyRef part = PyRef::steal(PyUnicode_EncodeFSDefault(PyList_GET_ITEM(parts.get(), i)));
    if (part) {
      path.append(PyBytes_AS_STRING(part.get()),
                  static_cast<std::size_t>(PyBytes_GET_SIZE(part.get())));
    } else {
      if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) return python_error();
      PyErr_Clear();
      path += '\0';
    }
  }
  return path;
}

Status not_ours(std::string_view why) { return {Errc::kNotFound, std::string(why)}; }

// parents calls `look` with ever shorter heads of `path` until it returns a location.
template <class Look>
std::optional<Location> parents(std::string_view path, Look&& look) {
  for (std::size_t length = path.size(); length > 0;) {
    const std::string_view head = path.substr(0, length);
    if (head.size() < PATH_MAX) {
      if (auto found = look(head)) return found;
    }
    const std::size_t slash = head.rfind('/');
    length = slash == std::string_view::npos ? 0 : slash;
  }
  return std::nullopt;
}

Location location(std::string_view path, std::string_view head, std::string absolute) {
  return {std::string(head), std::move(absolute), clean_relative(path.substr(head.size()))};
}

// known_archive finds an archive that was opened or refused before, without looking at the disk.
std::optional<Location> known_archive(const Registry& registry, std::string_view path) {
  return parents(path, [&](std::string_view head) -> std::optional<Location> {
    std::optional<std::string> key;
    if (head.size() < path.size()) key = registry.meaning_of(std::string(head));
    if (!key) {
      Result<std::string> absolute = absolute_path(head);
      if (!absolute.ok()) return std::nullopt;
      key = std::move(absolute).value();
    }
    if (!registry.knows_file(*key)) return std::nullopt;
    return location(path, head, *std::move(key));
  });
}

// below_root describes a path below a directory that is ours.
Location below_root(std::string_view path, Registry::Below below) {
  std::optional<Location> spelled =
      parents(path, [&](std::string_view head) -> std::optional<Location> {
        Result<std::string> absolute = absolute_path(head);
        if (!absolute.ok() || *absolute != below.root) return std::nullopt;
        return location(path, head, below.root);
      });
  if (spelled) return *std::move(spelled);
  return {below.root, below.root, std::move(below.rest)};
}

bool has_manifest(const std::string& directory) {
  struct stat found{};
  const std::string manifest = directory + '/' + std::string(kManifestName);
  if (::lstat(manifest.c_str(), &found) == 0) return true;
  return errno != ENOENT && errno != ENOTDIR && errno != EACCES;
}

// is_mere_file tells that nobody would take a regular file for an archive. It is left to others:
// running a program (`python script`, runpy.run_path) asks for a finder of its path too, and runs
// it only where there is none.
bool is_mere_file(const Registry& registry, const std::string& absolute) {
  if (named_like_archive(last_component(absolute)) || registry.root_of(absolute)) return false;
  const Result<bool> resembles = resembles_archive(absolute);
  return resembles.ok() && !*resembles;
}

Result<Location> claim_bytes(Registry& registry, std::string_view path) {
  if (auto known = known_archive(registry, path)) return *std::move(known);

  const PathSplit split = split_path(path);
  const std::string_view head = path.substr(0, split.length);
  SIGNEDVFS_ASSIGN(std::string absolute, absolute_path(head));
  if (split.kind == PathKind::kFile) {
    if (split.rest.empty() && is_mere_file(registry, absolute)) return not_ours("no archive");
    return Location{std::string(head), std::move(absolute), split.rest};
  }
  SIGNEDVFS_ASSIGN(const std::string whole, absolute_path(path));
  if (auto below = registry.root_of(whole)) return below_root(path, *std::move(below));
  if (split.kind == PathKind::kDirectory) {
    if (!has_manifest(absolute)) return not_ours("a directory without a manifest");
    registry.protect(absolute);  // also what lies below it, when it is asked for
    return Location{std::string(head), std::move(absolute), {}};
  }
  if (!named_like_archive(head)) return not_ours("no file, and not named like an archive");
  return Location{std::string(head), std::move(absolute), split.rest};
}

}  // namespace

Result<Location> claim(ImportState& state, PyObject* path) {
  PyRef text = PyRef::borrow(path);
#if PY_VERSION_HEX < 0x030b0000
  if (PyBytes_Check(path)) {
    SIGNEDVFS_ASSIGN(text, owned(PyUnicode_DecodeFSDefaultAndSize(PyBytes_AS_STRING(path),
                                                                  PyBytes_GET_SIZE(path))));
  }
#endif
  if (PyUnicode_Check(text.get()) == 0) {
    if (PyBytes_Check(path) != 0 || PyObject_HasAttrString(path, "__fspath__") != 0) {
      return not_ours("not a str");
    }
    PyErr_Format(PyExc_TypeError, "expected str, not %.200s", Py_TYPE(path)->tp_name);
    return python_error();
  }
  SIGNEDVFS_ASSIGN(const std::string bytes, encode_path(text.get()));
  if (bytes.empty()) return not_ours("an empty path");
  Result<Location> found = without_gil([&] { return claim_bytes(state.registry, bytes); });
  if (!found.ok()) {
    if (found.code() == Errc::kPython) return found;
    return not_ours(found.status().what());
  }
  if (bytes.front() != '/') {
    state.registry.remember_spelling(found->archive, found->absolute);
  }
  if (found->prefix.empty()) return found;
  // Members are named in UTF-8, whatever the file system's encoding is.
  SIGNEDVFS_ASSIGN(const PyRef prefix, text_of_path(found->prefix));
  SIGNEDVFS_ASSIGN(found->prefix, utf8_of(prefix.get()));
  found->prefix += '/';
  return found;
}

Status protect(ImportState& state, PyObject* path) {
  PyObject* converted = nullptr;
  if (PyUnicode_FSConverter(path, &converted) == 0) return python_error();
  const PyRef bytes = PyRef::steal(converted);
  const std::string_view text(PyBytes_AS_STRING(converted),
                              static_cast<std::size_t>(PyBytes_GET_SIZE(converted)));
  SIGNEDVFS_ASSIGN(const std::string absolute, absolute_path(text));
  without_gil([&] { state.registry.protect(absolute); });
  return {};
}

Status purge_importer_cache(ImportState& state, PyTypeObject* finder) {
  PyObject* const cache = PySys_GetObject("path_importer_cache");
  if (cache == nullptr || PyDict_Check(cache) == 0) return {};
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PyDict_Items(cache)));
  Result<PyRef> zipimporter = loaded_attribute("zipimport", "zipimporter");
  if (!zipimporter.ok()) PyErr_Clear();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* const item = PyList_GET_ITEM(items.get(), i);
    PyObject* const path = PyTuple_GET_ITEM(item, 0);
    PyObject* const value = PyTuple_GET_ITEM(item, 1);
    bool stale = value == Py_None;
    if (!stale && zipimporter.ok()) {
      const int is_theirs = PyObject_IsInstance(value, zipimporter->get());
      if (is_theirs < 0) return python_error();
      stale = is_theirs != 0;
    }
    if (!stale && PyObject_TypeCheck(value, finder) == 0 && PyUnicode_Check(path) != 0) {
      SIGNEDVFS_ASSIGN(const std::string bytes, encode_path(path));
      const Result<std::string> absolute = absolute_path(bytes);
      stale = absolute.ok() && state.registry.root_of(*absolute).has_value();
    }
    if (stale && PyDict_DelItem(cache, path) < 0) {
      if (PyErr_ExceptionMatches(PyExc_KeyError) == 0) return python_error();
      PyErr_Clear();  // another thread was faster
    }
  }
  return {};
}

}  // namespace signedvfs
