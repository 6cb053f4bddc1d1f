// The rules that a launcher obeys, for what builds applications and looks at them.
#include <string_view>
#include <utility>

#include "archive/base/buffer.h"
#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "importer/values/trust_policy.h"
#include "vfs/signing/launcher_patching.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

py::bytes patch(const Home& home, const py::object& launcher, const py::object& policy,
                bool shows_info, bool verifies_all, bool hardened) {
  const py::bytes file = bytes_of_buffer(launcher);
  const PolicyObject* const given =
      require(home, policy_in(*home, policy.ptr(), "a signedvfs.TrustPolicy"), Activity::kTool);
  // A callable is not in the policy itself, so nothing else would miss it.
  if (given->now.get() != Py_None) {
    throw_status(
        home,
        {Errc::kUsage,
         "a launcher goes by the system's clock: a policy with `now` cannot be given to it"},
        Activity::kTool);
  }
  const LaunchRules rules{given->policy, shows_info, verifies_all, hardened};
  const auto bytes = bytes_of(std::string_view(file));
  const Buffer out =
      require(home, without_gil([&] { return patch_launcher(bytes, rules); }), Activity::kTool);
  return {reinterpret_cast<const char*>(out.bytes().data()), out.size()};
}

py::bytes unpatch(const Home& home, const py::object& launcher) {
  const py::bytes file = bytes_of_buffer(launcher);
  const auto bytes = bytes_of(std::string_view(file));
  const Buffer out =
      require(home, without_gil([&] { return unpatch_launcher(bytes); }), Activity::kTool);
  return {reinterpret_cast<const char*>(out.bytes().data()), out.size()};
}

py::tuple read_rules(const Home& home, const py::object& launcher) {
  const py::bytes file = bytes_of_buffer(launcher);
  const auto bytes = bytes_of(std::string_view(file));
  LaunchRules rules =
      require(home, without_gil([&] { return rules_of_launcher(bytes); }), Activity::kTool);
  py::object policy =
      taken(policy_object(*home, PolicyObject{std::move(rules.policy), PyRef::borrow(Py_None)}));
  return py::make_tuple(std::move(policy), rules.shows_info, rules.verifies_all, rules.hardened);
}

}  // namespace

void register_launcher(py::module_& module, const Home& home) {
  module.def(
      "_patch_launcher", at_home(home, &patch), py::arg("launcher"), py::arg("policy"),
      py::kw_only(), py::arg("shows_info").noconvert(), py::arg("verifies_all").noconvert(),
      py::arg("hardened").noconvert() = false,
      "_patch_launcher(launcher, policy, *, shows_info, verifies_all, hardened=False)\n"
      "--\n\n"
      "Return a copy of a launcher's file, as it was installed, that obeys `policy`.\n\n"
      "`shows_info`: --signedvfs-info answers; `verifies_all`: the whole archive is\n"
      "verified at each start; `hardened`: its first stage runs before the dynamic linker.\n"
      "Raises ValueError for what is no such launcher, and for a policy that none can have:\n"
      "without a key, with `now` or `legacy`, or too large.");
  module.def("_unpatch_launcher", at_home(home, &unpatch), py::arg("launcher"),
             "_unpatch_launcher(launcher)\n--\n\n"
             "Return a launcher as it was before it was patched, byte for byte.\n\n"
             "Raises as _launcher_rules does.");
  module.def(
      "_launcher_rules", at_home(home, &read_rules), py::arg("launcher"),
      "_launcher_rules(launcher)\n--\n\n"
      "Return what a patched launcher obeys, with or without an archive behind it: the\n"
      "policy, whether --signedvfs-info answers, whether all is verified at each start, and\n"
      "whether it is hardened. It is what the file says of itself.\n\n"
      "Raises ValueError for what is no launcher, IntegrityCheckMissing where it was never\n"
      "patched, IntegrityCheckError and KeyFileError where it is damaged.");
}

}  // namespace signedvfs
