#include "importer/guard/detached_manifests.h"

#include <string>
#include <utility>
#include <vector>

#include "importer/doors/side_doors.h"
#include "importer/paths/text.h"
#include "importer/python/audit.h"
#include "importer/python/convert.h"
#include "importer/values/roots.h"
#include "vfs/detached.h"

namespace signedvfs {
namespace {

Result<std::string> absolute_of(PyObject* path) {
  SIGNEDVFS_ASSIGN(const std::string text, path_of(path));
  return absolute_path(text);
}

// roots_given returns the roots that stand behind a manifest.
Result<std::vector<RootDirectory>> roots_given(PyObject* roots) {
  const bool is_path = PyUnicode_Check(roots) != 0 || PyBytes_Check(roots) != 0 ||
                       PyObject_HasAttrString(roots, "__fspath__") != 0;
  std::vector<RootDirectory> out;
  if (is_path) {
    SIGNEDVFS_ASSIGN(std::string directory, path_of(roots));
    out.push_back({std::string(kTreeRole), std::move(directory), {}});
  } else {
    SIGNEDVFS_ASSIGN(out, roots_of(roots));
  }
  for (RootDirectory& root : out) {
    SIGNEDVFS_ASSIGN(root.directory, absolute_path(root.directory));
  }
  return out;
}

// kept returns what was given as a tuple, for children, which begin in other directories.
Result<PyRef> kept(const std::string& manifest, const std::vector<RootDirectory>& roots) {
  SIGNEDVFS_ASSIGN(const PyRef list, owned(PyList_New(0)));
  for (const RootDirectory& root : roots) {
    SIGNEDVFS_ASSIGN(const PyRef role, text_of_utf8(root.role));
    SIGNEDVFS_ASSIGN(const PyRef directory, text_of_path(root.directory));
    SIGNEDVFS_ASSIGN(const PyRef apart, text_list(root.apart));
    SIGNEDVFS_ASSIGN(const PyRef one,
                     owned(PyTuple_Pack(3, role.get(), directory.get(), apart.get())));
    if (PyList_Append(list.get(), one.get()) < 0) return python_error();
  }
  SIGNEDVFS_ASSIGN(const PyRef path, text_of_path(manifest));
  return owned(PyTuple_Pack(2, path.get(), list.get()));
}

Status open_one(Guard& guard, const std::string& manifest, const std::vector<RootDirectory>& roots,
                bool is_own_library) {
  SIGNEDVFS_ASSIGN(const Trust trust, guard.importer->trust());
  SIGNEDVFS_ASSIGN(const std::vector<RootedVfs> opened,
                   without_gil([&] { return open_roots(manifest, roots, trust); }));
  for (std::size_t i = 0; i < opened.size(); ++i) {
    SIGNEDVFS_TRY(audit_verify(opened[i].vfs->path(), {}));
    without_gil([&] {
      guard.importer->registry.adopt(roots[i].directory, roots[i].apart, opened[i].vfs, trust,
                                     is_own_library);
    });
  }
  return {};
}

// GivenManifest is a manifest, and the directories that it was given for.
struct GivenManifest {
  std::string manifest;
  std::vector<RootDirectory> roots;
};

// is_pair tells whether `given` is a tuple of two, and `pair_of` reads it.
bool is_pair(PyObject* given) { return PyTuple_Check(given) != 0 && PyTuple_GET_SIZE(given) == 2; }

Result<GivenManifest> pair_of(PyObject* given) {
  GivenManifest out;
  SIGNEDVFS_ASSIGN(out.manifest, absolute_of(PyTuple_GET_ITEM(given, 0)));
  SIGNEDVFS_ASSIGN(out.roots, roots_given(PyTuple_GET_ITEM(given, 1)));
  return out;
}

// library_of reads `stdlib`: a manifest, for the roots that this interpreter has, or a pair.
Result<GivenManifest> library_of(PyObject* stdlib) {
  if (!is_pair(stdlib)) {
    GivenManifest out;
    SIGNEDVFS_ASSIGN(out.manifest, absolute_of(stdlib));
    SIGNEDVFS_ASSIGN(const PyRef ask, own_function("signedvfs.library", "library_roots"));
    SIGNEDVFS_ASSIGN(const PyRef roots, owned(PyObject_CallNoArgs(ask.get())));
    SIGNEDVFS_ASSIGN(out.roots, roots_given(roots.get()));
    return out;
  }
  SIGNEDVFS_ASSIGN(GivenManifest out, pair_of(stdlib));
  // Nothing else was signed as the interpreter's own, whatever it is given as.
  for (const RootDirectory& root : out.roots) {
    if (root.role == "stdlib" || root.role == "lib-dynload") continue;
    return Status(Errc::kUsage, "stdlib: " + in_quotes(root.role) +
                                    " is no root of the interpreter's own library; give it in "
                                    "manifests=...");
  }
  return out;
}

}  // namespace

Status open_manifests(Guard& guard, PyObject* manifests, PyObject* stdlib) {
  SIGNEDVFS_ASSIGN(guard.manifests, owned(PyList_New(0)));
  guard.stdlib = PyRef::borrow(Py_None);
  if (stdlib != nullptr && stdlib != Py_None) {
    SIGNEDVFS_ASSIGN(const GivenManifest library, library_of(stdlib));
    SIGNEDVFS_TRY(open_one(guard, library.manifest, library.roots, true));
    SIGNEDVFS_ASSIGN(guard.stdlib, kept(library.manifest, library.roots));
  }
  if (manifests == nullptr || manifests == Py_None) return {};
  return for_each(manifests, "manifests", [&](PyObject* item) -> Status {
    if (!is_pair(item)) {
      return wrong_type("each of manifests", "a tuple (manifest, directory or roots)", item);
    }
    SIGNEDVFS_ASSIGN(const GivenManifest given, pair_of(item));
    SIGNEDVFS_TRY(open_one(guard, given.manifest, given.roots, false));
    SIGNEDVFS_ASSIGN(const PyRef entry, kept(given.manifest, given.roots));
    if (PyList_Append(guard.manifests.get(), entry.get()) < 0) return python_error();
    return {};
  });
}

}  // namespace signedvfs
