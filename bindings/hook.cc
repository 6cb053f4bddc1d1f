#include "bindings/hook.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/importing.h"
#include "bindings/limits.h"
#include "bindings/policy.h"
#include "bindings/registers.h"
#include "bindings/state.h"
#include "bindings/vfs.h"
#include "importer/finder.h"
#include "importer/path_hook.h"
#include "importer/path_text.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

constexpr const char* kScoped = "hooks for given roots";

// Scoped are the importers of an interpreter that were made for given roots, with what was given.
struct Scoped {
  struct One {
    std::weak_ptr<ImportState> state;
    std::weak_ptr<GivenTrust> trust;
  };
  std::vector<One> all;
};

Scoped& scoped_importers() {
  py::dict state = interpreter_state();
  if (!state.contains(kScoped)) {
    state[kScoped] = py::capsule(new Scoped, [](void* kept) { delete static_cast<Scoped*>(kept); });
  }
  return *state[kScoped].cast<py::capsule>().get_pointer<Scoped>();
}

// hooks_in_use returns the hooks of ours in sys.path_hooks, in their order.
std::vector<py::object> hooks_in_use() {
  std::vector<py::object> out;
  for (const py::handle hook : py::list(py::module_::import("sys").attr("path_hooks"))) {
    if (py::isinstance<PathHook>(hook)) out.push_back(py::reinterpret_borrow<py::object>(hook));
  }
  return out;
}

// claim_by returns the finder of one importer, or nothing where the path is not its.
std::optional<Finder> claim_by(const std::shared_ptr<ImportState>& state, const py::object& path) {
  Result<Location> location = claim(*state, path.ptr());
  if (!location.ok() && location.code() == Errc::kNotFound) return std::nullopt;
  return Finder(state, require(std::move(location), Activity::kTool));
}

void begin_use(const PathHook& hook) {
  if (!hook.state->hook_used.exchange(true)) {
    require(purge_importer_cache(*hook.state, finder_type()), Activity::kTool);
  }
  close_side_doors();
}

std::unique_ptr<Finder> call_hook(const PathHook& hook, const py::object& path) {
  begin_use(hook);
  std::optional<Finder> finder =
      hook.state->is_scoped() ? claim_by(hook.state, path) : claim_for(path);
  if (!finder) throw_import_error(path, "no path of signedvfs");
  return std::make_unique<Finder>(*std::move(finder));
}

// finder_of returns the finder of ours that imports from `path` go to, or None. Like
// pkgutil.get_importer it keeps a new one where importlib.invalidate_caches() finds it.
py::object finder_of(const py::object& path) {
  const py::dict cache = py::module_::import("sys").attr("path_importer_cache");
  if (PyUnicode_Check(path.ptr()) == 0) return py::none();
  py::object finder = cache.attr("get")(path);
  for (const py::object& hook : hooks_in_use()) {
    if (!finder.is_none()) break;
    try {
      finder = hook(path);
      cache[path] = finder;
    } catch (py::error_already_set& error) {
      if (!error.matches(PyExc_ImportError)) throw;
    }
  }
  return py::isinstance<Finder>(finder) ? finder : py::none();
}

// finder_below makes the finder for `path` that the hook for exactly `roots` would make.
std::unique_ptr<Finder> finder_below(const py::tuple& roots, const py::object& path) {
  for (const py::object& hook : hooks_in_use()) {
    const auto& found = hook.cast<const PathHook&>();
    if (found.state->is_scoped() && roots_of(*found.state).equal(roots)) {
      return call_hook(found, path);
    }
  }
  throw_import_error(path, "no signedvfs.PathHook for these roots is in use here");
}

std::vector<std::string> absolute_roots(const py::object& roots) {
  std::vector<std::string> out;
  for_each(roots, "roots", [&](py::handle root) {
    out.push_back(require(absolute_path(path_of(root)), Activity::kTool));
  });
  if (out.empty()) throw py::value_error("roots is empty: name the paths that the hook is to own");
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool overlap(const std::vector<Root>& some, const std::vector<Root>& others) {
  const auto meet = [](const std::string& one, const std::string& other) {
    return is_at_or_below(one, other) || is_at_or_below(other, one);
  };
  for (const Root& one : some) {
    for (const Root& other : others) {
      for (const std::string& place : one.places) {
        const auto meets = [&](const std::string& its) { return meet(place, its); };
        if (std::any_of(other.places.begin(), other.places.end(), meets)) return true;
      }
    }
  }
  return false;
}

bool is_equal(const GivenTrust& one, const GivenTrust& other) {
  const auto text = [](const GivenTrust& trust) {
    return py::str("{!r} {!r}").format(trust.policy, trust.limits).cast<std::string>();
  };
  return text(one) == text(other);
}

// shared returns a hook for the same roots and policy where there is one, and keeps `made` in mind
// otherwise. Two owners of one path would each have a say in what the other refuses.
PathHook shared(PathHook made) {
  Scoped& known = scoped_importers();
  std::erase_if(known.all, [](const Scoped::One& one) { return one.state.expired(); });
  for (const Scoped::One& one : known.all) {
    PathHook other{one.state.lock(), one.trust.lock()};
    if (!other.state || !other.trust || !overlap(made.state->roots, other.state->roots)) continue;
    const bool has_same_roots = made.state->registry.scope() == other.state->registry.scope();
    if (has_same_roots && is_equal(*made.trust, *other.trust)) return other;
    throw py::value_error("one of these roots has an owner already: " +
                          py::repr(roots_of(*other.state)).cast<std::string>() +
                          " belong to another signedvfs.PathHook (its set_policy changes what it "
                          "goes by)");
  }
  known.all.push_back({made.state, made.trust});
  return made;
}

std::unique_ptr<PathHook> make_hook(const py::object& roots, const py::object& policy,
                                    const py::object& limits) {
  const std::vector<std::string> absolute = absolute_roots(roots);
  static_cast<void>(limits_of(limits));  // both of the right type
  static_cast<void>(policy_for_opening(policy));
  auto trust = std::make_shared<GivenTrust>(GivenTrust{policy, limits});
  auto fetch = fetching([trust] {
    return trust_for_opening(trust->policy,
                             trust->limits.is_none() ? default_limits() : limits_of(trust->limits));
  });
  auto state =
      require(ImportState::create(finder_type(), std::move(fetch), absolute), Activity::kTool);
  auto hook = std::make_unique<PathHook>(shared({std::move(state), std::move(trust)}));
  require(purge_importer_cache(*hook->state, finder_type()), Activity::kTool);
  close_side_doors();
  return hook;
}

void set_hook_policy(const PathHook& hook, const py::object& policy, const py::object& limits) {
  if (!hook.state->is_scoped()) {
    throw py::value_error("the hook over all archives goes by signedvfs.set_policy");
  }
  static_cast<void>(limits_of(limits));
  static_cast<void>(policy_for_opening(policy));
  *hook.trust = {policy, limits};
  hook.state->registry.policy_changed(true);
}

// install puts the hook first, unless it, or one that is worth as much, is there with nothing but
// hooks of ours in front of it.
void install(const py::object& self) {
  const auto& hook = self.cast<const PathHook&>();
  const py::list hooks = py::module_::import("sys").attr("path_hooks");
  std::optional<std::size_t> present;
  bool is_behind_others = false;
  for (std::size_t i = 0; i < hooks.size() && !present; ++i) {
    const py::handle other = hooks[i];
    const bool is_ours = py::isinstance<PathHook>(other);
    if (is_ours && other.cast<const PathHook&>().state == hook.state) present = i;
    is_behind_others = is_behind_others || !is_ours;
  }
  if (present && is_behind_others) hooks.attr("pop")(*present);
  if (!present || is_behind_others) hooks.attr("insert")(0, self);
  require(purge_importer_cache(*hook.state, finder_type()), Activity::kTool);
  close_side_doors();
}

void purge(const PathHook& hook) {
  require(purge_importer_cache(*hook.state, finder_type()), Activity::kTool);
}

void protect_path(const PathHook& hook, const py::object& path) {
  if (hook.state->is_scoped()) {
    throw py::value_error("a hook for given roots owns these and nothing else: make another one");
  }
  require(protect(*hook.state, path.ptr()), Activity::kTool);
  require(purge_importer_cache(*hook.state, finder_type()), Activity::kTool);
}

py::list protected_paths(const PathHook& hook) {
  py::list out;
  for (const Root& root : hook.state->registry.roots()) out.append(path_object(root.absolute));
  return out;
}

py::list archives_in_use(const PathHook& hook) {
  py::list out;
  for (OpenedArchive& opened : hook.state->registry.in_use()) {
    out.append(vfs_object(std::move(opened.vfs)));
  }
  return out;
}

py::object given_roots(const PathHook& hook) {
  if (!hook.state->is_scoped()) return py::none();
  return roots_of(*hook.state);
}

py::str hook_repr(const PathHook& hook) {
  if (!hook.state->is_scoped()) return "<signedvfs.hook>";
  return py::str("signedvfs.PathHook(roots={!r}, policy={!r}, limits={!r})")
      .format(roots_of(*hook.state), hook.trust->policy, hook.trust->limits);
}

bool is_same_hook(const PathHook& hook, const py::object& other) {
  return py::isinstance<PathHook>(other) && other.cast<const PathHook&>().state == hook.state;
}

}  // namespace

std::vector<std::shared_ptr<ImportState>> importers() {
  std::vector<std::shared_ptr<ImportState>> all{import_state()};
  for (const Scoped::One& one : scoped_importers().all) {
    if (auto state = one.state.lock()) all.push_back(std::move(state));
  }
  return all;
}

py::tuple roots_of(const ImportState& state) {
  py::tuple out(state.roots.size());
  for (std::size_t i = 0; i < state.roots.size(); ++i) {
    out[i] = path_object(state.roots[i].absolute);
  }
  return out;
}

std::optional<Finder> claim_for(const py::object& path) {
  for (const py::object& hook : hooks_in_use()) {
    const auto& state = hook.cast<const PathHook&>().state;
    if (!state->is_scoped()) continue;
    if (std::optional<Finder> finder = claim_by(state, path)) return finder;
  }
  return claim_by(import_state(), path);
}

void register_hook(py::module_& module) {
  py::class_<PathHook>(
      module, "PathHook",
      "An object for sys.path_hooks. `signedvfs.hook` is the one over whatever is an archive;\n"
      "PathHook(roots=[...]) makes one that owns what lies at or below the given paths, whatever "
      "it "
      "is,\nand leaves everything else alone.\n\n"
      "roots: paths, fixed now, of archives, signed directories, or directories into which "
      "archives\nare put. Such a directory supplies nothing itself.\n"
      "policy: a TrustPolicy; None: the one in force by `trust` and `set_policy`.\n"
      "limits: Limits to open with; None: those in force.\n\n"
      "What is refused below the roots refuses the modules that it could have been meant to "
      "supply,\n"
      "and not every import that gets past it. Hooks of the same roots and policy are worth the "
      "same;\nroots that overlap with another hook's raise ValueError.")
      .def(py::init(&make_hook), py::arg("roots"), py::arg("policy") = py::none(),
           py::arg("limits") = py::none(),
           "__init__(self, roots, policy=None, limits=None)\n--\n\n")
      .def("__call__", &call_hook, py::arg("path"))
      .def("install", &install,
           "install(self)\n--\n\n"
           "Put the hook first in sys.path_hooks, unless it is there already, behind no other's.")
      .def("_purge", &purge,
           "_purge(self)\n--\n\nDrop what others have found at paths of ours before.")
      .def("set_policy", &set_hook_policy, py::arg("policy"), py::arg("limits") = py::none(),
           "set_policy(self, policy, limits=None)\n--\n\n"
           "Have a hook for given roots go by another policy from now on, as "
           "`signedvfs.set_policy`\n"
           "does for the hook over all archives: for a key that is revoked, or a new one.")
      .def("protect", &protect_path, py::arg("path"),
           "protect(self, path)\n--\n\n"
           "Never leave `path`, or what lies below it, to another importer: also where nothing is\n"
           "there, or a directory whose manifest has been taken away. Both are refused.")
      .def_property_readonly("roots", &given_roots,
                             "The absolute paths that the hook was made for, or None.")
      .def_property_readonly(
          "policy", [](const PathHook& hook) { return hook.trust->policy; },
          "The policy that was given, or None for the one in force.")
      .def_property_readonly(
          "limits", [](const PathHook& hook) { return hook.trust->limits; },
          "The limits that were given, or None for those in force.")
      .def_property_readonly("protected", &protected_paths,
                             "The absolute paths that are ours for good: those given to `protect`, "
                             "and the\nsigned directories in use.")
      .def_property_readonly("in_use", &archives_in_use,
                             "The signed archives and directories that have been opened, in no "
                             "order.")
      .def("_remembered", &remembered,
           "_remembered(self)\n--\n\nReturn what children have to know, fit for pickle.")
      .def("_recall", &recall, py::arg("known"),
           "_recall(self, known)\n--\n\nKnow what `_remembered` returned in the parent.")
      .def("__eq__", &is_same_hook, py::is_operator())
      .def("__hash__",
           [](const PathHook& hook) { return std::hash<const void*>()(hook.state.get()); })
      .def("__repr__", &hook_repr);
  module.attr("hook") = py::cast(PathHook{import_state(), std::make_shared<GivenTrust>()});
  module.def("_finder_of", &finder_of, py::arg("path"),
             "_finder_of(path)\n--\n\n"
             "Return the verifying finder that imports from `path` go to, or None where they do "
             "not.\n\nOpens no archive: the finder does, when it is asked.");
  module.def("_finder_below", &finder_below, py::arg("roots"), py::arg("path"),
             "_finder_below(roots, path)\n--\n\n"
             "Return the finder for `path` of the hook for these roots; for pickle.");
}

}  // namespace signedvfs
