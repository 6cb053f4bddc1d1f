#include "importer/path_hook.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/container.h"
#include "importer/path_text.h"
#include "importer/path_walk.h"

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
  return {std::string(head), std::move(absolute), clean_relative(path.substr(head.size())), {}};
}

// undecided is the location of what might be ours: whoever asks there is told why nobody can tell.
Location undecided(std::string_view path, const std::string& trouble) {
  Location out;
  out.archive = path;
  out.trouble = {Errc::kIo, in_quotes(path) +
                                " cannot be told from an archive, so it is not left to others (" +
                                trouble +
                                "): take it off the path, or make it accessible and call "
                                "importlib.invalidate_caches()"};
  return out;
}

// known_archive finds an archive that was opened or refused before, without looking at the disk.
std::optional<Location> known_archive(const Registry& registry, std::string_view path) {
  return parents(path, [&](std::string_view head) -> std::optional<Location> {
    if (std::optional<std::string> meaning = registry.meaning_of(std::string(head))) {
      return location(path, head, *std::move(meaning));
    }
    Result<std::string> absolute = absolute_path(head);
    if (!absolute.ok() || !registry.knows_file(*absolute)) return std::nullopt;
    return location(path, head, std::move(absolute).value());
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
  return {below.root, below.root, std::move(below.rest), {}};
}

// Manifest says whether a directory has one, or why nobody can tell.
enum class Manifest : std::uint8_t { kAbsent, kPresent, kUndecided };

Manifest look_for_manifest(const std::string& directory) {
  struct stat found{};
  const std::string manifest = directory + '/' + std::string(kManifestName);
  if (::lstat(manifest.c_str(), &found) == 0) return Manifest::kPresent;
  return errno == ENOENT || errno == ENOTDIR ? Manifest::kAbsent : Manifest::kUndecided;
}

// is_mere_file tells that nobody would take a regular file for an archive. It is left to others:
// running a program (`python script`, runpy.run_path) asks for a finder of its path too, and runs
// it only where there is none.
bool is_mere_file(const Registry& registry, const std::string& absolute) {
  if (registry.root_of(absolute)) return false;
  const Result<bool> resembles = resembles_archive(absolute);
  return resembles.ok() && !*resembles;
}

// archive_on finds where on the walk along `path` an archive stands or, by its name, belongs.
std::optional<std::string_view> archive_on(const PathWalk& walk, std::string_view path) {
  if (walk.kind == PathKind::kFile && walk.length <= walk.named.value_or(walk.length)) {
    return path.substr(0, walk.length);
  }
  if (!walk.named) return std::nullopt;
  return path.substr(0, *walk.named);
}

// claim_any decides for the hook over whatever is an archive.
Result<Location> claim_any(Registry& registry, std::string_view path) {
  const PathWalk walk = walk_path(path);
  if (walk.kind == PathKind::kUndecided) return undecided(path, walk.trouble);
  SIGNEDVFS_ASSIGN(std::string absolute, absolute_path(path));
  const std::optional<std::string_view> archive = archive_on(walk, path);
  if (walk.kind != PathKind::kFile && walk.kind != PathKind::kMissing) {
    // A signed directory may hold directories that are named like archives.
    if (auto below = registry.root_of(absolute)) return below_root(path, *std::move(below));
  }
  if (archive) {
    SIGNEDVFS_ASSIGN(std::string of_archive, absolute_path(*archive));
    const bool is_plain = walk.kind == PathKind::kFile && walk.rest.empty() && !walk.named;
    if (is_plain && is_mere_file(registry, of_archive)) return not_ours("no archive");
    return location(path, *archive, std::move(of_archive));
  }
  if (auto below = registry.root_of(absolute)) return below_root(path, *std::move(below));
  if (walk.kind != PathKind::kDirectory) return not_ours("no file, and not named like an archive");
  switch (look_for_manifest(absolute)) {
    case Manifest::kAbsent:
      return not_ours("a directory without a manifest");
    case Manifest::kUndecided:
      return undecided(path, absolute + ": whether there is a manifest is hidden");
    case Manifest::kPresent:
      break;
  }
  registry.protect(absolute);  // also what lies below it, when it is asked for
  return location(path, path, std::move(absolute));
}

// root_over returns the root that `absolute`, or what the walk came by, lies at or below: its path,
// and that of what was asked for, in one of the two ways to write both.
struct Owned {
  std::string root;
  std::string path;
};
std::optional<Owned> root_over(const std::vector<Root>& roots, const std::string& absolute,
                               const PathWalk& walk) {
  for (const Root& root : roots) {
    if (is_at_or_below(absolute, root.absolute)) return Owned{root.absolute, absolute};
    if (is_at_or_below(walk.real, root.resolved)) return Owned{root.resolved, walk.real};
    for (const std::string& link : walk.links) {
      if (is_at_or_below(link, root.resolved)) return Owned{absolute, absolute};
    }
  }
  return std::nullopt;
}

// outermost_tree returns the first directory from the root down to the path that has a manifest: of
// two, one inside the other, the outer one counts.
std::optional<std::string> outermost_tree(const Owned& owned) {
  for (std::size_t length = owned.root.size();;) {
    std::string head = owned.path.substr(0, length);
    if (look_for_manifest(head) != Manifest::kAbsent) return head;
    if (length >= owned.path.size()) return std::nullopt;
    length = std::min(owned.path.find('/', length + 1), owned.path.size());
  }
}

// claim_below decides for a hook over given roots, which owns what lies there whatever it is.
Result<Location> claim_below(ImportState& state, std::string_view path) {
  const PathWalk walk = walk_path(path);
  if (walk.kind == PathKind::kUndecided) return undecided(path, walk.trouble);
  SIGNEDVFS_ASSIGN(std::string absolute, absolute_path(path));
  const std::optional<Owned> owned = root_over(state.roots, absolute, walk);
  if (!owned) return not_ours("not below the roots of this hook");
  std::string_view place = path;
  if (const std::optional<std::string_view> archive = archive_on(walk, path)) place = *archive;
  SIGNEDVFS_ASSIGN(std::string of_place, absolute_path(place));
  if (walk.kind == PathKind::kDirectory || place == path) {
    if (auto below = state.registry.root_of(absolute)) return below_root(path, *std::move(below));
    std::optional<std::string> tree = outermost_tree(*owned);
    if (tree && is_at_or_below(of_place, *tree)) {
      state.registry.protect(*tree);
      std::string rest = clean_relative(owned->path.substr(tree->size()));
      return below_root(path, {*std::move(tree), std::move(rest)});
    }
  }
  return location(path, place, std::move(of_place));
}

Result<Location> claim_bytes(ImportState& state, std::string_view path) {
  if (auto known = known_archive(state.registry, path)) return *std::move(known);
  return state.is_scoped() ? claim_below(state, path) : claim_any(state.registry, path);
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
  SIGNEDVFS_ASSIGN(std::string bytes, encode_path(text.get()));
  if (bytes.empty()) {  // FileFinder reads it as the current directory, wherever that is by then
    Result<std::string> here = absolute_path(".");
    if (!here.ok()) return undecided(".", here.status().what());
    bytes = std::move(here).value();
  }
  Result<Location> found = without_gil([&] { return claim_bytes(state, bytes); });
  if (!found.ok()) {
    if (found.code() == Errc::kPython || found.code() == Errc::kNotFound) return found;
    return undecided(bytes, found.status().what());
  }
  if (!found->trouble.ok()) return found;
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
    bool stale = !state.is_scoped() && value == Py_None;
    if (!stale && !state.is_scoped() && zipimporter.ok()) {
      const int is_theirs = PyObject_IsInstance(value, zipimporter->get());
      if (is_theirs < 0) return python_error();
      stale = is_theirs != 0;
    }
    if (!stale && PyObject_TypeCheck(value, finder) == 0 && PyUnicode_Check(path) != 0) {
      const Result<Location> ours = claim(state, path);
      if (ours.code() == Errc::kPython) return ours.status();
      stale = ours.ok();
    }
    if (stale && PyDict_DelItem(cache, path) < 0) {
      if (PyErr_ExceptionMatches(PyExc_KeyError) == 0) return python_error();
      PyErr_Clear();  // another thread was faster
    }
  }
  return {};
}

}  // namespace signedvfs
