#include "importer/guard/construction.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "importer/guard/detached_manifests.h"
#include "importer/guard/loaded_modules.h"
#include "importer/guard/trusted_paths.h"
#include "importer/python/convert.h"
#include "importer/python/heap_type.h"
#include "importer/values/trust_policy.h"
#include "importer/values/trusted_key.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

// policy_with returns a policy object that trusts what `policy` (None: nobody) does, and `keys`.
Result<PyRef> policy_with(Interpreter& home, PyObject* policy,
                          const std::vector<TrustedKey>& keys) {
  PolicyObject more{{}, PyRef::borrow(Py_None)};
  if (policy != Py_None) {
    SIGNEDVFS_ASSIGN(const PolicyObject* const given,
                     policy_in(home, policy, "a signedvfs.TrustPolicy or None"));
    if (keys.empty()) return PyRef::borrow(policy);
    more = PolicyObject{given->policy, PyRef::borrow(given->now.get())};
  }
  // A key that is trusted for something else already is two of one fingerprint: an error.
  std::vector<TrustedKey>& known = more.policy.keys;
  for (const TrustedKey& key : keys) {
    if (std::find(known.begin(), known.end(), key) == known.end()) known.push_back(key);
  }
  SIGNEDVFS_TRY(more.policy.validate());
  return policy_object(home, std::move(more));
}

Result<Mode> mode_in(PyObject* mode) {
  if (mode == nullptr) return Mode::kEnforce;
  SIGNEDVFS_ASSIGN(const std::string text, utf8_of(mode, "mode"));
  for (const Mode one : {Mode::kEnforce, Mode::kWarn, Mode::kAudit}) {
    if (text == mode_name(one)) return one;
  }
  return Status(Errc::kUsage,
                "mode is " + in_quotes(text) + ", and there are 'enforce', 'warn' and 'audit'");
}

Result<bool> choice_in(PyObject* choice, const char* what, bool otherwise) {
  return choice == nullptr ? Result<bool>(otherwise) : choice_of(choice, what);
}

// fetching_own returns what the importer asks for its policy each time that it opens something.
Importer::FetchTrust fetching_own(Interpreter& home, std::shared_ptr<GivenTrust> trust) {
  return [&home, trust = std::move(trust)]() -> Result<Trust> {
    const PyRef policy = trust->policy();
    const PyRef limits = trust->limits();
    return trust_of(home, policy.get(), limits.get());
  };
}

// check_terminal fails where Python is going to read a program from standard input after this one:
// that is announced by no event that could be refused.
Status check_terminal() {
  SIGNEDVFS_ASSIGN(const PyRef inspect, [] {
    const PyRef flags = sys_object("flags");
    return owned(flags ? PyObject_GetAttrString(flags.get(), "inspect") : nullptr);
  }());
  const int is_set = PyObject_IsTrue(inspect.get());
  if (is_set < 0) return python_error();
  if (is_set == 0) return {};
  return {Errc::kUsage,
          "lockdown=True is of no use where Python was started with -i or PYTHONINSPECT, for "
          "whoever has its standard input has it run what he likes after the program"};
}

}  // namespace

const char* mode_name(Mode mode) noexcept {
  switch (mode) {
    case Mode::kEnforce:
      return "enforce";
    case Mode::kWarn:
      return "warn";
    case Mode::kAudit:
      break;
  }
  return "audit";
}

Result<std::shared_ptr<Guard>> make_guard(Interpreter& home, const GuardArguments& given) {
  const auto or_none = [](PyObject* object) { return object == nullptr ? Py_None : object; };
  std::vector<TrustedKey> keys;
  if (given.keys != nullptr) {
    SIGNEDVFS_ASSIGN(keys, trusted_keys_of(home, given.keys));
  }
  SIGNEDVFS_ASSIGN(PyRef policy, policy_with(home, or_none(given.policy), keys));
  SIGNEDVFS_TRY(check_trust(home, policy.get(), or_none(given.limits)));
  auto trust =
      std::make_shared<GivenTrust>(std::move(policy), PyRef::borrow(or_none(given.limits)));
  SIGNEDVFS_ASSIGN(auto importer, Importer::create(home, fetching_own(home, trust)));
  importer->leaves_nothing = true;
  auto guard = std::make_shared<Guard>(std::move(trust), std::move(importer));
  SIGNEDVFS_ASSIGN(guard->mode, mode_in(given.mode));
  SIGNEDVFS_ASSIGN(guard->trusts_library_paths,
                   choice_in(given.trust_stdlib_paths, "trust_stdlib_paths", false));
  SIGNEDVFS_ASSIGN(guard->opens_files, choice_in(given.virtual_files, "virtual_files", true));
  SIGNEDVFS_ASSIGN(guard->aliases, Aliases::create(given.module_aliases));
  SIGNEDVFS_ASSIGN(guard->allowed, read_allowed(given.check_modules));
  if (given.virtual_modules != nullptr) {
    SIGNEDVFS_ASSIGN(guard->made_modules,
                     texts_of(given.virtual_modules, "virtual_modules", "each of virtual_modules"));
  }
  SIGNEDVFS_ASSIGN(guard->locks_down, choice_in(given.lockdown, "lockdown", false));
  if (guard->locks_down && guard->mode != Mode::kEnforce) {
    return Status(Errc::kUsage, "lockdown=True refuses things, and the mode is to refuse nothing");
  }
  if (guard->locks_down) SIGNEDVFS_TRY(check_terminal());
  if (guard->trusts_library_paths && given.stdlib != nullptr && given.stdlib != Py_None) {
    return Status(Errc::kUsage,
                  "stdlib=... says by a manifest what the library is, and trust_stdlib_paths=True "
                  "takes whatever is there: give one of them");
  }
  if (guard->trusts_library_paths) SIGNEDVFS_TRY(check_library_paths());
  SIGNEDVFS_ASSIGN(guard->finders, owned(PyDict_New()));
  SIGNEDVFS_ASSIGN(guard->by_path, owned(PyDict_New()));
  SIGNEDVFS_ASSIGN(guard->hook, new_object(Interpreter::type(home.types.path_hook), &home,
                                           PathHook{guard->importer, guard->trust}));
  SIGNEDVFS_TRY(open_manifests(*guard, given.manifests, given.stdlib));
  return guard;
}

Status add_key(Interpreter& home, Guard& guard, PyObject* key) {
  SIGNEDVFS_ASSIGN(const std::vector<TrustedKey> one, trusted_keys_of(home, key));
  const PyRef before = guard.trust->policy();
  SIGNEDVFS_ASSIGN(PyRef policy, policy_with(home, before.get(), one));
  guard.trust->replace(std::move(policy), guard.trust->limits());
  guard.importer->registry.policy_changed(false);
  return {};
}

Result<PyRef> keys_of(Interpreter& home, const Guard& guard) {
  const PyRef policy = guard.trust->policy();
  SIGNEDVFS_ASSIGN(const PolicyObject* const held,
                   policy_in(home, policy.get(), "a signedvfs.TrustPolicy"));
  SIGNEDVFS_ASSIGN(const PyRef keys, owned(PyList_New(0)));
  for (const TrustedKey& key : held->policy.keys) {
    SIGNEDVFS_ASSIGN(const PyRef object, trusted_key_object(home, key));
    if (PyList_Append(keys.get(), object.get()) < 0) return python_error();
  }
  return owned(PyList_AsTuple(keys.get()));
}

Result<PyRef> fingerprints_of(Interpreter& home, const Guard& guard) {
  const PyRef policy = guard.trust->policy();
  SIGNEDVFS_ASSIGN(const PolicyObject* const held,
                   policy_in(home, policy.get(), "a signedvfs.TrustPolicy"));
  std::vector<std::string> fingerprints;
  fingerprints.reserve(held->policy.keys.size());
  for (const TrustedKey& one : held->policy.keys) fingerprints.push_back(one.key.fingerprint());
  return text_list(fingerprints);
}

}  // namespace signedvfs
