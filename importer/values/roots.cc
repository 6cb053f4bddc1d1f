#include "importer/values/roots.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "importer/python/arguments.h"
#include "importer/python/audit.h"
#include "importer/python/convert.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

Result<RootDirectory> root_of(PyObject* item) {
  constexpr const char* kForm = "tuples (role, directory) or (role, directory, apart)";
  const bool fits =
      PyTuple_Check(item) != 0 && (PyTuple_GET_SIZE(item) == 2 || PyTuple_GET_SIZE(item) == 3);
  if (!fits) return wrong_type("roots", kForm, item);
  RootDirectory root;
  SIGNEDVFS_ASSIGN(root.role, utf8_of(PyTuple_GET_ITEM(item, 0), "a role"));
  SIGNEDVFS_ASSIGN(root.directory, path_of(PyTuple_GET_ITEM(item, 1)));
  if (PyTuple_GET_SIZE(item) == 3) {
    SIGNEDVFS_ASSIGN(root.apart, texts_of(PyTuple_GET_ITEM(item, 2), "apart", "a path"));
  }
  return root;
}

Result<PyRef> open_all(Interpreter& home, const std::string& manifest,
                       const std::vector<RootDirectory>& asked, PyObject* policy,
                       PyObject* limits) {
  SIGNEDVFS_ASSIGN(const Trust trust, trust_of(home, policy, limits));
  SIGNEDVFS_ASSIGN(auto opened, without_gil([&] { return open_roots(manifest, asked, trust); }));
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyDict_New()));
  for (RootedVfs& root : opened) {
    SIGNEDVFS_TRY(audit_verify(root.vfs->path(), {}));
    SIGNEDVFS_ASSIGN(const PyRef role, text_of_utf8(root.role));
    SIGNEDVFS_ASSIGN(const PyRef vfs, vfs_object(home, std::move(root.vfs)));
    if (PyDict_SetItem(out.get(), role.get(), vfs.get()) < 0) return python_error();
  }
  return out;
}

PyObject* open_these(PyObject* module, const Arguments& given) {
  static constexpr Parameters<4> kSignature{
      "open_roots", 2, {"manifest", "roots", "policy", "limits"}};
  std::array<PyObject*, 4> in;
  if (!kSignature.read(given, in)) return nullptr;
  const Result<std::string> manifest = path_of(in[0]);
  if (!manifest.ok()) return nullptr;
  Interpreter* const home = living_home(module);
  if (home == nullptr) return nullptr;
  // What is wrong with these is the caller's mistake, and says nothing of what was signed.
  const Result<std::vector<RootDirectory>> roots = roots_of(in[1]);
  if (!roots.ok()) return raised(*home, roots.status(), Activity::kTool);
  PyObject* const policy = in[2] == nullptr ? Py_None : in[2];
  PyObject* const limits = in[3] == nullptr ? Py_None : in[3];
  return answer(*home, open_all(*home, *manifest, *roots, policy, limits), Activity::kVerifying,
                {*manifest, std::nullopt});
}

PyMethodDef root_functions[] = {
    method_of<&open_these>(
        "open_roots",
        "open_roots($module, /, manifest, roots, policy=None, limits=None)\n--\n\n"
        "Open directories by a detached manifest that names them as its roots.\n\n"
        "`roots` are tuples (role, directory); a third item names directories below it that are\n"
        "none of its. The result maps each role to its SignedVfs. A root that is refused refuses\n"
        "them all. `policy` and `limits` are those of `open`. Raises IntegrityCheckError, and\n"
        "ValueError where there are no roots, or a role is given twice."),
    {}};

}  // namespace

Result<std::vector<RootDirectory>> roots_of(PyObject* roots) {
  std::vector<RootDirectory> out;
  SIGNEDVFS_TRY(for_each(roots, "roots", [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(RootDirectory root, root_of(item));
    const bool is_known = std::any_of(out.begin(), out.end(), [&](const RootDirectory& other) {
      return other.role == root.role;
    });
    if (is_known) {
      return {Errc::kUsage, "roots: the role " + in_quotes(root.role) +
                                " is given twice, and stands for one directory; give each its own"};
    }
    out.push_back(std::move(root));
    return {};
  }));
  if (out.empty()) return Status(Errc::kUsage, "roots: none are given");
  return out;
}

Status add_roots(Interpreter& home) {
  if (PyModule_AddFunctions(home.module, root_functions) < 0) return python_error();
  return {};
}

}  // namespace signedvfs
