#include "bindings/policy.h"

#include <algorithm>
#include <utility>

#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/limits.h"
#include "bindings/registers.h"
#include "bindings/state.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

constexpr const char* kDefault = "policy";
constexpr const char* kDefaultLimits = "limits";

std::optional<std::set<std::string>> names_of(const py::object& names) {
  if (names.is_none()) return std::nullopt;
  std::set<std::string> out;
  for_each(names, "names", [&](py::handle name) { out.insert(utf8_of(name, "a name")); });
  return out;
}

std::map<std::string, std::uint64_t> min_serial_of(const py::object& min_serial) {
  std::map<std::string, std::uint64_t> out;
  if (min_serial.is_none()) return out;
  const py::dict items(min_serial);
  for (const auto& [name, serial] : items) {
    if (PyLong_Check(serial.ptr()) == 0) throw py::type_error("a minimum serial must be an int");
    const unsigned long long value = PyLong_AsUnsignedLongLong(serial.ptr());
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    out.emplace(utf8_of(name, "a name in min_serial"), value);
  }
  return out;
}

std::set<std::string> revoked_of(const py::object& revoked) {
  std::set<std::string> out;
  for_each(revoked, "revoked", [&](py::handle item) {
    out.insert(py::isinstance<PublicKey>(item) ? item.cast<const PublicKey&>().fingerprint()
                                               : utf8_of(item, "a fingerprint in revoked"));
  });
  return out;
}

PolicyObject make_policy(const py::object& keys, int threshold, const py::object& names,
                         const py::object& min_serial, const py::object& revoked,
                         const py::object& now, bool legacy) {
  PolicyObject made;
  made.policy.keys = keys_of<PublicKey>(keys);
  made.policy.threshold = threshold;
  made.policy.names = names_of(names);
  made.policy.min_serial = min_serial_of(min_serial);
  made.policy.revoked = revoked_of(revoked);
  made.policy.legacy = legacy;
  if (!now.is_none() && PyCallable_Check(now.ptr()) == 0) {
    made.policy.now = [seconds = seconds_of(now, "now")] { return seconds; };
  }
  made.now = now;
  require(made.policy.validate(), Activity::kTool);
  return made;
}

py::tuple keys_tuple(const PolicyObject& self) {
  py::tuple out(self.policy.keys.size());
  for (std::size_t i = 0; i < self.policy.keys.size(); ++i) out[i] = py::cast(self.policy.keys[i]);
  return out;
}

py::object frozen(const std::set<std::string>& texts) {
  py::list out;
  for (const std::string& text : texts) out.append(text_object(text));
  return py::frozenset(out);
}

py::object names_object(const PolicyObject& self) {
  if (!self.policy.names) return py::none();
  return frozen(*self.policy.names);
}

py::dict min_serial_dict(const PolicyObject& self) {
  py::dict out;
  for (const auto& [name, serial] : self.policy.min_serial) out[text_object(name)] = serial;
  return out;
}

py::object min_serial_object(const PolicyObject& self) {
  PyObject* const view = PyDictProxy_New(min_serial_dict(self).ptr());
  if (view == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(view);
}

py::object policy_repr(const PolicyObject& self) {
  return py::str(
             "signedvfs.TrustPolicy(keys={!r}, threshold={!r}, names={!r}, min_serial={!r}, "
             "revoked={!r}, now={!r}, legacy={!r})")
      .format(keys_tuple(self), self.policy.threshold, names_object(self), min_serial_dict(self),
              frozen(self.policy.revoked), self.now, self.policy.legacy);
}

// policy_reduce lets a policy be pickled, for example for a child process, if its clock can be.
py::tuple policy_reduce(const py::object& self) {
  const auto& given = self.cast<const PolicyObject&>();
  return py::make_tuple(
      py::type::of(self),
      py::make_tuple(keys_tuple(given), given.policy.threshold, names_object(given),
                     min_serial_dict(given), frozen(given.policy.revoked), given.now,
                     given.policy.legacy));
}

// throw_clock_failure raises IntegrityCheckError with `cause` behind it.
[[noreturn]] void throw_clock_failure(const py::error_already_set& cause) {
  const py::object type = interpreter_state()["exceptions"]["IntegrityCheckError"];
  const py::object error = type(
      "the clock of the trust policy failed, so validity times could not be checked: mend the "
      "callable in TrustPolicy(now=...)");
  error.attr("code") = text_object(name(Errc::kPython));
  error.attr("__cause__") = cause.value();
  PyErr_SetObject(type.ptr(), error.ptr());
  throw py::error_already_set();
}

std::int64_t ask_clock(const py::object& clock) {
  try {
    return seconds_of(clock(), "the time from the clock of the trust policy");
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) throw;
    throw_clock_failure(error);
  } catch (const py::builtin_exception& error) {
    error.set_error();
    throw_clock_failure(py::error_already_set());
  }
}

bool is_complete(PyObject* self) {
  return reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder().holder_constructed();
}

// A clock may refer to the policy that holds it; the collector has to see that.
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (is_complete(self)) Py_VISIT(py::handle(self).cast<const PolicyObject&>().now.ptr());
  return 0;
}

int clear(PyObject* self) {
  if (is_complete(self)) py::handle(self).cast<PolicyObject&>().now = py::none();
  return 0;
}

void collectable(PyHeapTypeObject* heap_type) {
  heap_type->ht_type.tp_flags |= Py_TPFLAGS_HAVE_GC;
  heap_type->ht_type.tp_traverse = traverse;
  heap_type->ht_type.tp_clear = clear;
}

}  // namespace

TrustPolicy policy_for_opening(py::handle policy) {
  const py::object chosen =
      policy.is_none() ? default_policy() : py::reinterpret_borrow<py::object>(policy);
  if (!py::isinstance<PolicyObject>(chosen)) {
    throw py::type_error(std::string("policy must be a signedvfs.TrustPolicy or None, not ") +
                         Py_TYPE(chosen.ptr())->tp_name);
  }
  const auto& given = chosen.cast<const PolicyObject&>();
  TrustPolicy out = given.policy;
  if (PyCallable_Check(given.now.ptr()) != 0) {
    out.now = [seconds = ask_clock(given.now)] { return seconds; };
  }
  return out;
}

Trust trust_for_opening(py::handle policy, const Limits& limits) {
  return {policy_for_opening(policy), limits};
}

Trust default_trust() { return trust_for_opening(py::none(), default_limits()); }

Limits default_limits() {
  const py::dict state = interpreter_state();
  return limits_of(state.contains(kDefaultLimits) ? py::object(state[kDefaultLimits]) : py::none());
}

py::object default_policy() {
  py::dict state = interpreter_state();
  if (!state.contains(kDefault)) {
    set_default_policy(py::cast(PolicyObject{{}, py::none()}), py::none());
  }
  return state[kDefault];
}

void set_default_policy(py::handle policy, py::handle limits) {
  if (!py::isinstance<PolicyObject>(policy)) {
    throw py::type_error(std::string("policy must be a signedvfs.TrustPolicy, not ") +
                         Py_TYPE(policy.ptr())->tp_name);
  }
  static_cast<void>(limits_of(limits));  // of the right type
  py::dict state = interpreter_state();
  state[kDefault] = policy;
  state[kDefaultLimits] = limits;
}

bool add_trusted_keys(const std::vector<PublicKey>& keys) {
  PolicyObject more = default_policy().cast<const PolicyObject&>();
  std::vector<PublicKey>& known = more.policy.keys;
  const std::size_t before = known.size();
  for (const PublicKey& key : keys) {
    if (std::find(known.begin(), known.end(), key) == known.end()) known.push_back(key);
  }
  if (known.size() == before) return false;
  interpreter_state()[kDefault] = py::cast(std::move(more));
  return true;
}

void register_policy(py::module_& module) {
  py::class_<PolicyObject>(
      module, "TrustPolicy", py::is_final(), py::custom_type_setup(collectable),
      "Whom to believe, and for what. The default trusts no key, and so refuses every "
      "archive.\n\n"
      "keys: the public keys that count; threshold: how many of them must have signed.\n"
      "names: the `@name`s that are accepted; None: any, and none at all.\n"
      "min_serial: the lowest acceptable `@serial` by name; the name '' is for all other names.\n"
      "revoked: keys, or fingerprints, that never count, and whose signature is a refusal, whether "
      "or\nnot they are trusted.\n"
      "now: the time to check validity against - None for the clock, seconds since 1970, an aware\n"
      "datetime, or a callable that returns one of these and is called once for each archive.\n"
      "legacy: also accept manifests that signedimp itself made. Their MD5 and SHA-1 can be "
      "forged\n"
      "by whoever had a say in what was signed; keep to False where you can sign anew.\n\n"
      "Raises ValueError where these make no sense together.")
      .def(py::init(&make_policy), py::arg("keys") = py::tuple(), py::arg("threshold") = 1,
           py::arg("names") = py::none(), py::arg("min_serial") = py::none(),
           py::arg("revoked") = py::tuple(), py::arg("now") = py::none(), py::arg("legacy") = false,
           "__init__(self, keys=(), threshold=1, names=None, min_serial=None, revoked=(), "
           "now=None, legacy=False)\n--\n\n")
      .def_property_readonly("keys", &keys_tuple, "The public keys that count.")
      .def_property_readonly(
          "threshold", [](const PolicyObject& self) { return self.policy.threshold; },
          "How many of the keys must have signed.")
      .def_property_readonly("names", &names_object, "The names that are accepted, or None.")
      .def_property_readonly("min_serial", &min_serial_object,
                             "The lowest acceptable serial by name.")
      .def_property_readonly(
          "revoked", [](const PolicyObject& self) { return frozen(self.policy.revoked); },
          "The fingerprints of revoked keys.")
      .def_property_readonly(
          "now", [](const PolicyObject& self) { return self.now; }, "The clock as it was given.")
      .def_property_readonly(
          "legacy", [](const PolicyObject& self) { return self.policy.legacy; },
          "Whether manifests that signedimp itself made are accepted.")
      .def("__reduce__", &policy_reduce)
      .def("__repr__", &policy_repr);
}

}  // namespace signedvfs
