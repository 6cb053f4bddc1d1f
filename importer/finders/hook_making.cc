#include "importer/finders/hook_making.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "importer/finders/finder_type.h"
#include "importer/paths/text.h"
#include "importer/python/convert.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

Result<std::vector<std::string>> absolute_roots(PyObject* roots) {
  std::vector<std::string> out;
  SIGNEDVFS_TRY(for_each(roots, "roots", [&](PyObject* root) -> Status {
    SIGNEDVFS_ASSIGN(const std::string path, path_of(root));
    SIGNEDVFS_ASSIGN(std::string absolute, absolute_path(path));
    out.push_back(std::move(absolute));
    return {};
  }));
  if (out.empty()) {
    return Status(Errc::kUsage, "roots is empty: name the paths that the hook is to own");
  }
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

// trust_text returns what makes one trust differ from another for people, too.
Result<std::string> trust_text(const GivenTrust& trust) {
  SIGNEDVFS_ASSIGN(const PyRef text, owned(PyUnicode_FromFormat("%R %R", trust.policy().get(),
                                                                trust.limits().get())));
  return utf8_of(text.get());
}

Result<bool> is_equal(const GivenTrust& one, const GivenTrust& other) {
  SIGNEDVFS_ASSIGN(const std::string its, trust_text(one));
  SIGNEDVFS_ASSIGN(const std::string others, trust_text(other));
  return its == others;
}

Status owned_already(const Importer& owner) {
  SIGNEDVFS_ASSIGN(const PyRef roots, roots_of(owner));
  PyErr_Format(PyExc_ValueError,
               "one of these roots has an owner already: %R belong to another signedvfs.PathHook "
               "(its set_policy changes what it goes by)",
               roots.get());
  return python_error();
}

// twin_of returns the hook for the same roots and policy as `made`, or nothing.
Result<std::optional<PathHook>> twin_of(const PathHook& made, const std::vector<PathHook>& known) {
  for (const PathHook& other : known) {
    if (!overlap(made.state->roots, other.state->roots)) continue;
    if (made.state->registry.scope() == other.state->registry.scope()) {
      SIGNEDVFS_ASSIGN(const bool has_same_trust, is_equal(*made.trust, *other.trust));
      if (has_same_trust) return std::optional(other);
    }
    return owned_already(*other.state);
  }
  return std::optional<PathHook>();
}

// shared returns the twin of `made` where there is one, and keeps `made` in mind otherwise.
Result<PathHook> shared(Importers& importers, PathHook made) {
  SIGNEDVFS_ASSIGN(const std::optional<PathHook> twin, twin_of(made, importers.hooks()));
  if (twin) return *twin;
  const std::scoped_lock lock(importers.mutex);
  importers.scoped.push_back({made.state, made.trust});
  return made;
}

// fetching returns what an importer asks for its policy each time that it opens something.
Importer::FetchTrust fetching(Interpreter& home, std::shared_ptr<GivenTrust> trust) {
  return [&home, trust = std::move(trust)]() -> Result<Trust> {
    const PyRef policy = trust->policy();
    const PyRef given = trust->limits();
    if (given.get() != Py_None) return trust_of(home, policy.get(), given.get());
    SIGNEDVFS_ASSIGN(const PyRef limits, limits_in_force(home));
    return trust_of(home, policy.get(), limits.get());
  };
}

}  // namespace

Result<PathHook> make_hook(Interpreter& home, PyObject* roots, PyObject* policy, PyObject* limits) {
  SIGNEDVFS_ASSIGN(const std::vector<std::string> absolute, absolute_roots(roots));
  SIGNEDVFS_TRY(check_trust(home, policy, limits));
  auto trust = std::make_shared<GivenTrust>(PyRef::borrow(policy), PyRef::borrow(limits));
  SIGNEDVFS_ASSIGN(auto state, Importer::create(home, fetching(home, trust), absolute));
  return shared(*home.importers, {std::move(state), std::move(trust)});
}

}  // namespace signedvfs
