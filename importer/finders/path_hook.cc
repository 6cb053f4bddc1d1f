#include "importer/finders/path_hook.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/opening.h"
#include "archive/os/file_status.h"
#include "importer/paths/archive_names.h"
#include "importer/paths/text.h"
#include "importer/paths/walk.h"

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

Status somebody_elses(std::string_view why) { return {Errc::kNotFound, std::string(why)}; }

// Asked is an entry of sys.path and the absolute path that it means: what it meant when it was
// first seen, where it is a relative one.
struct Asked {
  std::string_view given;
  std::string full;
};

// head_of returns how the first `length` bytes of the full path were given; empty: not at all.
std::string_view head_of(const Asked& asked, std::size_t length) {
  const std::size_t behind = asked.full.size() - length;
  if (behind >= asked.given.size() && clean_relative(asked.given).empty())
    return asked.given;  // "."
  return behind < asked.given.size() ? asked.given.substr(0, asked.given.size() - behind) : "";
}

// meaning_of finds the longest head of a relative path that has been seen before.
Result<Asked> meaning_of(const Registry& registry, std::string_view path) {
  if (path.front() == '/') return Asked{path, std::string(path)};
  for (std::size_t length = path.size(); length > 0;) {
    const std::string_view head = path.substr(0, length);
    if (auto meaning = registry.meaning_of(std::string(head))) {
      return Asked{path, meaning->append(path.substr(length))};
    }
    const std::size_t slash = head.rfind('/');
    length = slash == std::string_view::npos ? 0 : slash;
  }
  SIGNEDVFS_ASSIGN(const std::string here, absolute_path("."));
  return Asked{path, (here == "/" ? "/" : here + '/').append(path)};
}

// at describes a place on the way along the path: `length` bytes of it lead to what is known as
// `absolute`, and `rest` follows.
Location at(const Asked& asked, std::size_t length, std::string absolute, std::string rest) {
  std::string archive(head_of(asked, length));
  // By way of a link the rest is not what was spelled.
  if (archive.empty() || clean_relative(asked.full.substr(length)) != rest) archive = absolute;
  return {std::move(archive), std::move(absolute), std::move(rest), {}};
}

Location spelled(const Asked& asked, std::size_t length) {
  return at(asked, length, '/' + clean_relative(asked.full.substr(0, length)),
            clean_relative(asked.full.substr(length)));
}

Location below_root(const Asked& asked, const PathWalk& walk, Registry::Below below) {
  for (const Place& place : walk.places) {
    if (place.path == below.root) {
      return at(asked, place.length, std::move(below.root), std::move(below.rest));
    }
  }
  return {below.root, below.root, std::move(below.rest), {}};
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

// known_archive finds an archive that was opened or refused before, whatever stands there now.
std::optional<Location> known_archive(const Registry& registry, const Asked& asked,
                                      const PathWalk& walk) {
  for (const Place& place : walk.places) {
    if (!registry.knows_file(place.path)) continue;
    if (auto rest = walk.rest_of(place)) {
      return at(asked, place.length, place.path, *std::move(rest));
    }
  }
  return std::nullopt;
}

// Manifest says whether a directory has one, or why nobody can tell.
enum class Manifest : std::uint8_t { kAbsent, kPresent, kUndecided };

Manifest look_for_manifest(const std::string& directory) {
  const FileStatus found = status_of_link(directory + '/' + std::string(kManifestName));
  if (found.ok()) return Manifest::kPresent;
  return found.is_missing() ? Manifest::kAbsent : Manifest::kUndecided;
}

// is_mere_file tells that nobody would take a regular file for an archive. It is left to others,
// and so is what is named below it: running a program (`python script`, runpy.run_path) asks for a
// finder of its path too, and runs it only where there is none. Below what is signed nobody else is
// to read it, unless there are no others.
bool is_mere_file(const Importer& state, const Asked& asked, const PathWalk& walk) {
  if (walk.named || (!state.leaves_nothing && state.registry.root_over(walk))) return false;
  const Result<bool> resembles = resembles_archive(asked.full.substr(0, walk.length));
  return resembles.ok() && !*resembles;
}

// archive_on finds where on the walk an archive stands or, by its name, belongs.
std::optional<std::size_t> archive_on(const PathWalk& walk) {
  if (walk.kind == PathKind::kFile) return std::min(walk.length, walk.named.value_or(walk.length));
  return walk.named;
}

// claim_any decides for the hook over whatever is an archive.
Result<Location> claim_any(Importer& state, const Asked& asked, const PathWalk& walk) {
  Registry& registry = state.registry;
  if (walk.kind == PathKind::kUndecided) return undecided(asked.given, walk.trouble);
  if (walk.kind != PathKind::kFile && walk.kind != PathKind::kMissing) {
    // A signed directory may hold directories that are named like archives.
    if (auto below = registry.root_over(walk)) return below_root(asked, walk, *std::move(below));
  }
  if (walk.kind == PathKind::kFile && is_mere_file(state, asked, walk)) {
    return somebody_elses("no archive");
  }
  if (const std::optional<std::size_t> archive = archive_on(walk)) return spelled(asked, *archive);
  if (auto below = registry.root_over(walk)) return below_root(asked, walk, *std::move(below));
  if (walk.kind != PathKind::kDirectory)
    return somebody_elses("no file, and not named like an archive");
  Location whole = spelled(asked, asked.full.size());
  switch (look_for_manifest(whole.absolute)) {
    case Manifest::kAbsent:
      return somebody_elses("a directory without a manifest");
    case Manifest::kUndecided:
      return undecided(asked.given, whole.absolute + ": whether there is a manifest is hidden");
    case Manifest::kPresent:
      break;
  }
  registry.protect(whole.absolute);  // also what lies below it, when it is asked for
  return whole;
}

// owner_of returns the place on the walk that is one of the roots.
const Place* owner_of(const std::vector<Root>& roots, const PathWalk& walk) {
  for (const Place& place : walk.places) {
    for (const Root& root : roots) {
      const auto found = std::find(root.places.begin(), root.places.end(), place.path);
      if (found != root.places.end() && walk.rest_of(place)) return &place;
    }
  }
  return nullptr;
}

// outermost_tree returns the first directory from a root down to the path that has a manifest: of
// two, one inside the other, the outer one counts.
std::optional<Location> outermost_tree(const PathWalk& walk, const Place& root) {
  const std::string rest = walk.rest_of(root).value_or("");
  for (std::size_t length = 0;;) {
    std::string tree = root.path;
    if (length > 0) tree += '/' + rest.substr(0, length);
    if (look_for_manifest(tree) != Manifest::kAbsent) {
      return Location{tree, tree, clean_relative(rest.substr(length)), {}};
    }
    if (length >= rest.size()) return std::nullopt;
    length = std::min(rest.find('/', length + 1), rest.size());
  }
}

// claim_below decides for a hook over given roots, which owns what lies there whatever it is.
// Files, and what is named like an archive and is not there, are what they are, whoever has put a
// manifest beside them.
Result<Location> claim_below(const Importer& state, const Asked& asked, const PathWalk& walk) {
  const Place* const root = owner_of(state.roots, walk);
  if (root == nullptr) return somebody_elses("not below the roots of this hook");
  if (walk.kind == PathKind::kUndecided) return undecided(asked.given, walk.trouble);
  const std::optional<std::size_t> archive = archive_on(walk);
  if (archive && walk.kind != PathKind::kDirectory) return spelled(asked, *archive);
  if (auto below = state.registry.root_over(walk)) {
    return below_root(asked, walk, *std::move(below));
  }
  std::optional<Location> tree = outermost_tree(walk, *root);
  if (tree && !(archive && !has_archive_name(tree->prefix))) return *std::move(tree);
  return spelled(asked, archive.value_or(asked.full.size()));
}

// climbs tells whether a path has a "..": only so does anything exist by way of a current directory
// that was removed.
bool climbs(std::string_view path) {
  return std::string("/").append(path).append("/").find("/../") != std::string::npos;
}

Result<Location> claim_bytes(Importer& state, std::string_view path) {
  Result<Asked> meant = meaning_of(state.registry, path);
  if (!meant.ok() && state.is_scoped() && !climbs(path)) {
    return somebody_elses("below a current directory that is gone");
  }
  SIGNEDVFS_ASSIGN(const Asked asked, std::move(meant));
  const PathWalk walk = walk_path(asked.full);
  Result<Location> found = [&]() -> Result<Location> {
    if (auto known = known_archive(state.registry, asked, walk)) return *std::move(known);
    return state.is_scoped() ? claim_below(state, asked, walk) : claim_any(state, asked, walk);
  }();
  if (found.ok() && found->trouble.ok() && path.front() != '/') {
    state.registry.remember_spelling(std::string(path), asked.full);
  }
  return found;
}

}  // namespace

Result<Location> claim(Importer& state, PyObject* path) {
  PyRef text = PyRef::borrow(path);
#if PY_VERSION_HEX < 0x030b0000
  if (PyBytes_Check(path)) {
    SIGNEDVFS_ASSIGN(text, owned(PyUnicode_DecodeFSDefaultAndSize(PyBytes_AS_STRING(path),
                                                                  PyBytes_GET_SIZE(path))));
  }
#endif
  if (PyUnicode_Check(text.get()) == 0) {
    if (PyBytes_Check(path) != 0 || PyObject_HasAttrString(path, "__fspath__") != 0) {
      return somebody_elses("not a str");
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
  if (found->prefix.empty()) return found;
  // Members are named in UTF-8, whatever the file system's encoding is.
  SIGNEDVFS_ASSIGN(const PyRef prefix, text_of_path(found->prefix));
  SIGNEDVFS_ASSIGN(found->prefix, utf8_of(prefix.get()));
  found->prefix += '/';
  return found;
}

Status protect(Importer& state, PyObject* path) {
  PyObject* converted = nullptr;
  if (PyUnicode_FSConverter(path, &converted) == 0) return python_error();
  const PyRef bytes = PyRef::steal(converted);
  const std::string_view text(PyBytes_AS_STRING(converted),
                              static_cast<std::size_t>(PyBytes_GET_SIZE(converted)));
  SIGNEDVFS_ASSIGN(const std::string absolute, absolute_path(text));
  without_gil([&] { state.registry.protect(absolute); });
  return {};
}

Status purge_importer_cache(Importer& state, PyTypeObject* finder) {
  const PyRef cache = sys_object("path_importer_cache");
  if (!cache || PyDict_Check(cache.get()) == 0) return {};
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PyDict_Items(cache.get())));
  Result<PyRef> zipimporter = loaded_attribute("zipimport", "zipimporter");
  if (!zipimporter.ok()) PyErr_Clear();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* const item = PyList_GET_ITEM(items.get(), i);
    PyObject* const path = PyTuple_GET_ITEM(item, 0);
    PyObject* const value = PyTuple_GET_ITEM(item, 1);
    if (PyObject_TypeCheck(value, finder) != 0) continue;  // one of ours passes for zipimport's
    bool stale = !state.is_scoped() && value == Py_None;
    if (!stale && !state.is_scoped() && zipimporter.ok()) {
      const int is_theirs = PyObject_IsInstance(value, zipimporter->get());
      if (is_theirs < 0) return python_error();
      stale = is_theirs != 0;
    }
    if (!stale && PyUnicode_Check(path) != 0) {
      const Result<Location> ours = claim(state, path);
      if (ours.code() == Errc::kPython) return ours.status();
      stale = ours.ok();
    }
    if (stale && PyDict_DelItem(cache.get(), path) < 0) {
      if (PyErr_ExceptionMatches(PyExc_KeyError) == 0) return python_error();
      PyErr_Clear();  // another thread was faster
    }
  }
  return {};
}

}  // namespace signedvfs
