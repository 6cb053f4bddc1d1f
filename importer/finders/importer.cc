#include "importer/finders/importer.h"

#include <utility>

#include "importer/files/files.h"
#include "importer/native/linker_environment.h"
#include "importer/paths/text.h"
#include "importer/python/audit.h"
#include "importer/python/object.h"

namespace signedvfs {

namespace {

std::string scope_of(const std::vector<std::string>& roots) {
  std::string scope;
  for (const std::string& root : roots) scope += root + '\n';
  return scope;
}

std::vector<Root> fixed(const std::vector<std::string>& roots) {
  std::vector<Root> out;
  out.reserve(roots.size());
  for (const std::string& root : roots) out.push_back({root, places_of(root)});
  return out;
}

// own_archives returns where this interpreter looks for an archive of the standard library, which
// hardly any has: "lib/python311.zip" below what it was installed into (getpath.py, with the ABI's
// letter for builds without the GIL).
Result<std::vector<std::string>> own_archives(const ImportSystem& system) {
  std::string name = "/python" + std::to_string(PY_MAJOR_VERSION);
  name += std::to_string(PY_MINOR_VERSION);
#ifdef Py_GIL_DISABLED
  name += 't';
#endif
  name += ".zip";
  std::vector<std::string> out;
  SIGNEDVFS_ASSIGN(const PyRef library, loaded_attribute("sys", "platlibdir"));
  SIGNEDVFS_ASSIGN(const std::string directory, utf8_of(library.get()));
  for (const std::string& prefix : system.prefixes) {
    for (const std::string& below : {directory, std::string("lib")}) {
      auto absolute = absolute_path(std::string(prefix).append("/").append(below).append(name));
      if (absolute.ok()) out.push_back(std::move(absolute).value());
    }
  }
  return out;
}

}  // namespace

Importer::Importer(const Interpreter& home, const std::vector<std::string>& given_roots)
    : roots(fixed(given_roots)), registry(scope_of(given_roots), home.files->territory) {}

Result<std::shared_ptr<Importer>> Importer::create(const Interpreter& home, FetchTrust trust,
                                                   const std::vector<std::string>& roots) {
  remember_environment();
  auto state = std::make_shared<Importer>(home, roots);
  state->finder_type = Interpreter::type(home.types.finder);
  state->trust = std::move(trust);
  SIGNEDVFS_ASSIGN(state->system, ImportSystem::fetch());
  state->directory_order = {false, state->system.cached_ending};
  SIGNEDVFS_ASSIGN(const std::vector<std::string> own, own_archives(state->system));
  for (const std::string& path : own) state->registry.may_be_missing(path);
  SIGNEDVFS_ASSIGN(const PyRef ask, loaded_attribute("_imp", "extension_suffixes"));
  SIGNEDVFS_ASSIGN(const PyRef suffixes, owned(PyObject_CallFunctionObjArgs(ask.get(), nullptr)));
  const Py_ssize_t count = PySequence_Size(suffixes.get());
  if (count < 0) return python_error();
  for (Py_ssize_t i = 0; i < count; ++i) {
    SIGNEDVFS_ASSIGN(const PyRef suffix, owned(PySequence_GetItem(suffixes.get(), i)));
    SIGNEDVFS_ASSIGN(std::string text, utf8_of(suffix.get()));
    state->extension_suffixes.push_back(std::move(text));
  }
  state->module_suffixes = state->extension_suffixes;
  state->module_suffixes.insert(state->module_suffixes.end(), {".py", ".pyc"});
  return state;
}

Result<OpenedArchive> open_archive(Importer& state, const std::string& absolute) {
  if (auto known = state.registry.standing(absolute)) return *std::move(known);
  const std::uint64_t count = state.registry.policy_count();  // before the policy: never too new
  SIGNEDVFS_ASSIGN(const Trust trust, state.trust());
  SIGNEDVFS_TRY(audit_open(absolute));
  SIGNEDVFS_ASSIGN(OpenedArchive opened,
                   without_gil([&] { return state.registry.ask(absolute, trust, count); }));
  if (opened.vfs != nullptr) SIGNEDVFS_TRY(audit_verify(absolute, {}));
  return opened;
}

}  // namespace signedvfs
