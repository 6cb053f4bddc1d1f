#include "importer/import_state.h"

#include <utility>

#include "importer/audit.h"
#include "importer/python.h"

namespace signedvfs {

Result<std::shared_ptr<ImportState>> ImportState::create(std::function<Result<Trust>()> trust) {
  auto state = std::make_shared<ImportState>();
  state->trust = std::move(trust);
  SIGNEDVFS_ASSIGN(state->system, ImportSystem::fetch());
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

Result<OpenedArchive> open_archive(ImportState& state, const std::string& absolute) {
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
