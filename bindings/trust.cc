// Whom the import system of an interpreter believes, and how it imports: functions of the module.
#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/errors.h"
#include "bindings/hook.h"
#include "bindings/importing.h"
#include "bindings/limits.h"
#include "bindings/policy.h"
#include "bindings/registers.h"
#include "importer/path_hook.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

// policy_changed is for the hook over all archives, and for those that go by the default policy.
void policy_changed(bool replaced) {
  for (const std::shared_ptr<ImportState>& state : importers()) {
    state->registry.policy_changed(replaced);
    require(purge_importer_cache(*state, finder_type()), Activity::kTool);
  }
}

void trust(const py::args& keys) {
  std::vector<PublicKey> added;
  for (const py::handle key : keys) {
    if (!py::isinstance<PublicKey>(key)) {
      throw py::type_error(std::string("expected signedvfs.PublicKey, not ") +
                           Py_TYPE(key.ptr())->tp_name);
    }
    added.push_back(key.cast<const PublicKey&>());
  }
  if (add_trusted_keys(added)) policy_changed(false);
  require(purge_importer_cache(*import_state(), finder_type()), Activity::kTool);
}

void set_policy(const py::object& policy, const py::object& limits) {
  set_default_policy(policy, limits);
  policy_changed(true);
}

void defer_collection(bool defer) {
  require(import_state()->collector.defer(defer), Activity::kTool);
}

}  // namespace

void register_trust(py::module_& module) {
  module.def("trust", &trust,
             "trust(*keys)\n--\n\n"
             "Trust these public keys, in addition to those of the policy in force.\n\n"
             "Archives that were refused for want of a trusted signature are asked about again;\n"
             "whatever was refused for another reason stays refused.");
  module.def("set_policy", &set_policy, py::arg("policy"), py::arg("limits") = py::none(),
             "set_policy(policy, limits=None)\n--\n\n"
             "Replace the policy, and the limits that archives are opened with (None: the "
             "defaults).\n\n"
             "Archives in use are asked about again, and those that were refused for what the "
             "policy or\nthe limits said; what was tampered with stays refused.");
  module.def("get_policy", &default_policy, "get_policy()\n--\n\nReturn the policy in force.");
  module.def("get_limits", &default_limits,
             "get_limits()\n--\n\nReturn the limits that archives are opened with.");
  module.def(
      "defer_collection", &defer_collection, py::arg("defer") = true,
      "defer_collection(defer=True)\n--\n\n"
      "Keep the cyclic garbage collector out of bursts of imports from signed archives.\n\n"
      "From a module's execution to its end, imports inside it included, the youngest\n"
      "generation is collected every 200,000 objects only; then gc's thresholds are what\n"
      "they were. What was made meanwhile is old from then on. Modules of less than 4 KiB that\n"
      "import nothing change nothing. False: as usual.");
}

}  // namespace signedvfs
