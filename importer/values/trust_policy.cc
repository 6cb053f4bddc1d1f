#include "importer/values/trust_policy.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "importer/python/convert.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"
#include "importer/python/raised.h"
#include "importer/values/trusted_key.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

using Names = std::optional<std::set<std::string>>;
using MinSerial = std::map<std::string, std::uint64_t>;

// is_given tells whether an argument is there, and more than a None that stands for nothing.
bool is_given(PyObject* argument) noexcept { return argument != nullptr && argument != Py_None; }

Result<Names> names_of(PyObject* names) {
  if (!is_given(names)) return Names();
  SIGNEDVFS_ASSIGN(std::vector<std::string> all, texts_of(names, "names", "a name"));
  return Names(std::in_place, all.begin(), all.end());
}

Result<MinSerial> min_serial_of(PyObject* given) {
  MinSerial out;
  if (!is_given(given)) return out;
  // A copy, which nobody changes meanwhile.
  auto* const dict = reinterpret_cast<PyObject*>(&PyDict_Type);
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PyObject_CallFunctionObjArgs(dict, given, nullptr)));
  PyObject* name = nullptr;
  PyObject* serial = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(items.get(), &at, &name, &serial) != 0) {
    SIGNEDVFS_ASSIGN(const std::uint64_t number, count_of(serial, "a minimum serial"));
    SIGNEDVFS_ASSIGN(std::string text, utf8_of(name, "a name in min_serial"));
    out.emplace(std::move(text), number);
  }
  return out;
}

Result<std::set<std::string>> revoked_of(const Interpreter& home, PyObject* revoked) {
  std::set<std::string> out;
  if (revoked == nullptr) return out;
  SIGNEDVFS_TRY(for_each(revoked, "revoked", [&](PyObject* item) -> Status {
    if (const PublicKey* const key = public_key_in(home, item); key != nullptr) {
      out.insert(key->fingerprint());
      return {};
    }
    SIGNEDVFS_ASSIGN(std::string text, utf8_of(item, "a fingerprint in revoked"));
    out.insert(std::move(text));
    return {};
  }));
  return out;
}

// library_names_of returns names of libraries, as the linker knows them: without a directory.
Result<std::set<std::string>> library_names_of(PyObject* names, const char* what) {
  if (!is_given(names)) return std::set<std::string>();
  SIGNEDVFS_ASSIGN(const std::vector<std::string> all, texts_of(names, what, "a library's name"));
  for (const std::string& name : all) {
    if (!name.empty() && name.find('/') == std::string::npos) continue;
    return Status(Errc::kUsage, std::string(what) + ": " + in_quotes(name) +
                                    " is no name of a library, such as 'libodbc.so.2'");
  }
  return std::set<std::string>(all.begin(), all.end());
}

constexpr std::size_t kPolicyParameters = 10;
constexpr Parameters<kPolicyParameters> kPolicySignature{
    "TrustPolicy",
    0,
    {"keys", "threshold", "names", "min_serial", "revoked", "now", "legacy", "libraries",
     "preloads", "library_directory"}};
using PolicyArguments = std::array<PyObject*, kPolicyParameters>;

Status read_native_rules(PyObject* libraries, PyObject* preloads, PyObject* directory,
                         NativeRules& out) {
  SIGNEDVFS_ASSIGN(out.libraries, library_names_of(libraries, "libraries"));
  SIGNEDVFS_ASSIGN(out.preloads, library_names_of(preloads, "preloads"));
  if (!is_given(directory)) return {};
  SIGNEDVFS_ASSIGN(out.directory, path_of(directory));
  if (out.directory.starts_with('/')) return {};
  return {Errc::kUsage, "library_directory: " + in_quotes(out.directory) + " is no absolute path"};
}

Result<PolicyObject> read_policy(const Interpreter& home, const PolicyArguments& in) {
  const auto [keys, threshold, names, min_serial, revoked, now, legacy, libraries, preloads,
              directory] = in;
  PolicyObject out;
  TrustPolicy& policy = out.policy;
  if (keys != nullptr) {
    SIGNEDVFS_ASSIGN(policy.keys, trusted_keys_of(home, keys));
  }
  if (threshold != nullptr) {
    SIGNEDVFS_ASSIGN(policy.threshold, small_int_of(threshold, "threshold"));
  }
  SIGNEDVFS_ASSIGN(policy.names, names_of(names));
  SIGNEDVFS_ASSIGN(policy.min_serial, min_serial_of(min_serial));
  SIGNEDVFS_ASSIGN(policy.revoked, revoked_of(home, revoked));
  if (legacy != nullptr) {
    SIGNEDVFS_ASSIGN(policy.legacy, choice_of(legacy, "legacy"));
  }
  SIGNEDVFS_TRY(read_native_rules(libraries, preloads, directory, policy.native));
  out.now = PyRef::borrow(is_given(now) ? now : Py_None);
  if (is_given(now) && PyCallable_Check(now) == 0) {
    SIGNEDVFS_ASSIGN(const std::int64_t seconds, seconds_of(now, "now"));
    policy.now = [seconds] { return seconds; };
  }
  SIGNEDVFS_TRY(policy.validate());
  return out;
}

PyObject* make_policy(PyTypeObject* type, PyObject* positional, PyObject* named) {
  PolicyArguments in;
  Interpreter* const home = home_of(type);
  if (home == nullptr || !kPolicySignature.read(positional, named, in)) return nullptr;
  Result<PolicyObject> policy = read_policy(*home, in);
  if (!policy.ok()) return raised(*home, policy.status(), Activity::kTool);
  Result<PyRef> made = new_object(type, home, std::move(*policy));
  return made.ok() ? std::move(*made).release() : nullptr;
}

Result<PyRef> keys_tuple(Interpreter& home, const PolicyObject& self) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyTuple_New(static_cast<Py_ssize_t>(self.policy.keys.size()))));
  for (std::size_t i = 0; i < self.policy.keys.size(); ++i) {
    SIGNEDVFS_ASSIGN(PyRef key, trusted_key_object(home, self.policy.keys[i]));
    PyTuple_SET_ITEM(out.get(), static_cast<Py_ssize_t>(i), std::move(key).release());
  }
  return out;
}

Result<PyRef> frozen(const std::set<std::string>& texts) {
  SIGNEDVFS_ASSIGN(const PyRef all, text_list({texts.begin(), texts.end()}));
  return owned(PyFrozenSet_New(all.get()));
}

Result<PyRef> names_object(const PolicyObject& self) {
  if (!self.policy.names) return PyRef::borrow(Py_None);
  return frozen(*self.policy.names);
}

Result<PyRef> min_serial_dict(const PolicyObject& self) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyDict_New()));
  for (const auto& [name, serial] : self.policy.min_serial) {
    SIGNEDVFS_ASSIGN(const PyRef key, text_of_utf8(name));
    SIGNEDVFS_ASSIGN(const PyRef value, owned(PyLong_FromUnsignedLongLong(serial)));
    if (PyDict_SetItem(out.get(), key.get(), value.get()) < 0) return python_error();
  }
  return out;
}

Result<PyRef> min_serial_view(const PolicyObject& self) {
  SIGNEDVFS_ASSIGN(const PyRef items, min_serial_dict(self));
  return owned(PyDictProxy_New(items.get()));
}

Result<PyRef> directory_object(const PolicyObject& self) {
  const std::string& directory = self.policy.native.directory;
  return directory.empty() ? PyRef::borrow(Py_None) : text_of_path(directory);
}

PyObject* clock_of(const PolicyObject& self) noexcept {
  return self.now ? self.now.get() : Py_None;
}

// in_order is what `frozen` is, for people and for text that is kept: sets have no order, so that
// theirs differs from process to process.
Result<PyRef> in_order(const std::set<std::string>& texts) {
  return text_list({texts.begin(), texts.end()});
}

// arguments returns a tuple of what the constructor would be given for the same policy, with what
// `kTexts` makes of sets.
template <Result<PyRef> (*kTexts)(const std::set<std::string>& texts)>
Result<PyRef> arguments(Interpreter& home, const PolicyObject& self) {
  const std::optional<std::set<std::string>>& all = self.policy.names;
  SIGNEDVFS_ASSIGN(const PyRef keys, keys_tuple(home, self));
  SIGNEDVFS_ASSIGN(const PyRef names, all ? kTexts(*all) : PyRef::borrow(Py_None));
  SIGNEDVFS_ASSIGN(const PyRef min_serial, min_serial_dict(self));
  SIGNEDVFS_ASSIGN(const PyRef revoked, kTexts(self.policy.revoked));
  SIGNEDVFS_ASSIGN(const PyRef libraries, kTexts(self.policy.native.libraries));
  SIGNEDVFS_ASSIGN(const PyRef preloads, kTexts(self.policy.native.preloads));
  SIGNEDVFS_ASSIGN(const PyRef directory, directory_object(self));
  return owned(Py_BuildValue("(OiOOOOOOOO)", keys.get(), self.policy.threshold, names.get(),
                             min_serial.get(), revoked.get(), clock_of(self),
                             self.policy.legacy ? Py_True : Py_False, libraries.get(),
                             preloads.get(), directory.get()));
}

Result<PyRef> policy_text(Interpreter& home, const PolicyObject& self) {
  SIGNEDVFS_ASSIGN(const PyRef given, arguments<&in_order>(home, self));
  SIGNEDVFS_ASSIGN(
      const PyRef pattern,
      owned(PyUnicode_FromString("signedvfs.TrustPolicy(keys=%r, threshold=%r, names=%r, "
                                 "min_serial=%r, revoked=%r, now=%r, legacy=%r, libraries=%r, "
                                 "preloads=%r, library_directory=%r)")));
  return owned(PyUnicode_Format(pattern.get(), given.get()));
}

// reduced_policy lets a policy be pickled, for example for a child process, if its clock can be.
Result<PyRef> reduced_policy(Interpreter& home, const PolicyObject& self) {
  SIGNEDVFS_ASSIGN(const PyRef given, arguments<&frozen>(home, self));
  return owned(PyTuple_Pack(2, home.types.trust_policy.get(), given.get()));
}

// shown_by is a getter, or the like, for what `kBody` makes of the policy.
template <Result<PyRef> (*kBody)(Interpreter& home, const PolicyObject& policy)>
PyObject* shown_by(PyObject* self) {
  const auto* const policy = value_in<PolicyObject>(self);
  if (policy == nullptr) return nullptr;
  Interpreter& home = *holder_of<PolicyObject>(self)->home;
  return answer(home, kBody(home, *policy), Activity::kTool);
}
template <Result<PyRef> (*kBody)(const PolicyObject& policy)>
PyObject* shown_by(PyObject* self) {
  const auto* const policy = value_in<PolicyObject>(self);
  if (policy == nullptr) return nullptr;
  return answer(*holder_of<PolicyObject>(self)->home, kBody(*policy), Activity::kTool);
}

Result<PyRef> threshold_object(const PolicyObject& self) {
  return owned(PyLong_FromLong(self.policy.threshold));
}

Result<PyRef> revoked_object(const PolicyObject& self) { return frozen(self.policy.revoked); }

Result<PyRef> now_object(const PolicyObject& self) { return PyRef::borrow(clock_of(self)); }

Result<PyRef> legacy_object(const PolicyObject& self) {
  return PyRef::borrow(self.policy.legacy ? Py_True : Py_False);
}

Result<PyRef> libraries_object(const PolicyObject& self) {
  return frozen(self.policy.native.libraries);
}

Result<PyRef> preloads_object(const PolicyObject& self) {
  return frozen(self.policy.native.preloads);
}

Result<std::int64_t> ask_clock(PyObject* clock) {
  SIGNEDVFS_ASSIGN(const PyRef time, owned(PyObject_CallFunctionObjArgs(clock, nullptr)));
  return seconds_of(time.get(), "the time from the clock of the trust policy");
}

// clock_failure is the refusal that has the exception for `failure` behind it, unless that is no
// failure but the end of the program.
Status clock_failure(const Interpreter& home, const Status& failure) {
  set_status(home, failure, Activity::kTool);
  if (PyErr_ExceptionMatches(PyExc_Exception) == 0) return python_error();
  PyRef cause = take_raised();
  set_status(home,
             {Errc::kClock,
              "the clock of the trust policy failed, so validity times could not be checked"},
             Activity::kVerifying);
  raise_because(std::move(cause));
  return python_error();
}

PyMethodDef policy_methods[] = {method_of<&shown_by<&reduced_policy>>(
                                    "__reduce__", "Return what the policy can be made of again."),
                                {}};

PyGetSetDef policy_attributes[] = {
    getter_of<&shown_by<&keys_tuple>>(
        "keys", "The public keys that count, and those within a scope as Trusted."),
    getter_of<&shown_by<&threshold_object>>("threshold", "How many of the keys must have signed."),
    getter_of<&shown_by<&names_object>>("names", "The names that are accepted, or None."),
    getter_of<&shown_by<&min_serial_view>>("min_serial", "The lowest acceptable serial by name."),
    getter_of<&shown_by<&revoked_object>>("revoked", "The fingerprints of revoked keys."),
    getter_of<&shown_by<&now_object>>("now", "The clock as it was given."),
    getter_of<&shown_by<&legacy_object>>(
        "legacy", "Whether manifests that signedimp itself made are accepted."),
    getter_of<&shown_by<&libraries_object>>(
        "libraries", "The further libraries of the system that extension modules may need."),
    getter_of<&shown_by<&preloads_object>>(
        "preloads", "The libraries that LD_PRELOAD may have in the process."),
    getter_of<&shown_by<&directory_object>>("library_directory",
                                            "Where files stand in for sealed memory, or None."),
    {}};

PyMemberDef policy_members[] = {kWeakMember, {}};

PyType_Slot policy_slots[] = {
    slot(Py_tp_doc,
         "TrustPolicy(keys=(), threshold=1, names=None, min_serial=None, revoked=(), now=None, "
         "legacy=False, libraries=(), preloads=(), library_directory=None)\n--\n\n"
         "Whom to believe, and for what. The default trusts no key, and so refuses every "
         "archive.\n\n"
         "keys: those that count, as PublicKey, or within a scope as Trusted; threshold: how many "
         "of "
         "them\nmust have signed.\n"
         "names: the `@name`s that are accepted; None: any, and none at all.\n"
         "min_serial: the lowest acceptable `@serial` by name; the name '' is for all other "
         "names.\n"
         "revoked: keys, or fingerprints, that never count, and whose signature is a refusal, "
         "whether or\nnot they are trusted.\n"
         "now: the time to check validity against - None for the clock, seconds since 1970, an "
         "aware\n"
         "datetime, or a callable that returns one of these and is called once for each archive.\n"
         "legacy: also accept manifests that signedimp itself made. Their MD5 and SHA-1 can be "
         "forged\n"
         "by whoever had a say in what was signed; keep to False where you can sign anew.\n"
         "libraries: names, such as 'libodbc.so.2', of libraries of the system that extension "
         "modules may\n"
         "need beside those that every Linux has (manylinux).\n"
         "preloads: names of libraries that LD_PRELOAD may have in the process, such as an "
         "allocator; with\n"
         "any other no extension module is loaded.\n"
         "library_directory: a directory for files without a name, in the place of sealed memory "
         "where\n"
         "the system forbids that. Root and the files' owner could change them; None: nothing is "
         "loaded\n"
         "then.\n\n"
         "Raises ValueError where these make no sense together."),
    slot(Py_tp_new, &constructor<&make_policy>),
    slot(Py_tp_repr, &plain<&shown_by<&policy_text>>),
    slot(Py_tp_traverse, &traverse_holder<PolicyObject>),
    slot(Py_tp_clear, &clear_holder<PolicyObject>),
    slot(Py_tp_dealloc, &free_holder<PolicyObject>),
    slot(Py_tp_methods, policy_methods),
    slot(Py_tp_getset, policy_attributes),
    slot(Py_tp_members, policy_members),
    {}};

PyType_Spec policy_spec{"signedvfs.TrustPolicy", sizeof(Holder<PolicyObject>), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, policy_slots};

}  // namespace

Status add_trust_policy(Interpreter& home) {
  return add_type(home, policy_spec, home.types.trust_policy);
}

Result<PyRef> policy_object(Interpreter& home, PolicyObject policy) {
  return new_object(Interpreter::type(home.types.trust_policy), &home, std::move(policy));
}

Result<const PolicyObject*> policy_in(const Interpreter& home, PyObject* object,
                                      const char* expected) {
  if (Py_TYPE(object) != Interpreter::type(home.types.trust_policy)) {
    return wrong_type("policy", expected, object);
  }
  const auto* const held = value_in<PolicyObject>(object);
  if (held == nullptr) return python_error();
  return held;
}

Result<TrustPolicy> at_this_time(const Interpreter& home, const PolicyObject& given) {
  TrustPolicy out = given.policy;
  // Called through a reference of our own: the clock may do anything.
  const PyRef clock = PyRef::borrow(given.now.get());
  if (!clock) {
    PyErr_SetString(PyExc_RuntimeError, "the policy is being taken apart");
    return python_error();
  }
  if (PyCallable_Check(clock.get()) == 0) return out;
  const Result<std::int64_t> seconds = ask_clock(clock.get());
  if (!seconds.ok()) return clock_failure(home, seconds.status());
  out.now = [now = *seconds] { return now; };
  return out;
}

}  // namespace signedvfs
