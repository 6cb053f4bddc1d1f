#include "importer/guard/aliases.h"

#include <cstddef>
#include <utility>

#include "importer/python/convert.h"

namespace signedvfs {

std::optional<std::string> Aliases::step(std::string_view name) const {
  // The longest alias counts: "a.b" before "a".
  for (std::size_t end = name.size(); end != std::string_view::npos && end > 0;
       end = name.rfind('.', end - 1)) {
    const auto found = names_.find(name.substr(0, end));
    if (found != names_.end()) return std::string(found->second).append(name.substr(end));
  }
  return std::nullopt;
}

std::optional<std::string> Aliases::canonical(std::string_view name) const {
  std::optional<std::string> out = step(name);
  // `create` has seen that each chain ends.
  while (out) {
    std::optional<std::string> next = step(*out);
    if (!next) break;
    out = std::move(next);
  }
  return out;
}

Result<Aliases> Aliases::create(PyObject* mapping) {
  Aliases out;
  if (mapping == nullptr || mapping == Py_None) return out;
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PyMapping_Items(mapping)));
  SIGNEDVFS_TRY(for_each(items.get(), "module_aliases", [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(std::string alias,
                     utf8_of(PyTuple_GetItem(item, 0), "an alias in module_aliases"));
    SIGNEDVFS_ASSIGN(std::string name,
                     utf8_of(PyTuple_GetItem(item, 1), "a module's name in module_aliases"));
    if (alias.empty() || name.empty()) {
      return {Errc::kUsage, "module_aliases has an empty name"};
    }
    out.names_.insert_or_assign(std::move(alias), std::move(name));
    return {};
  }));
  // No chain that ends uses an alias twice.
  for (const auto& [alias, name] : out.names_) {
    std::string at = name;
    std::size_t steps = 0;
    for (std::optional<std::string> next = out.step(at); next; next = out.step(at)) {
      if (++steps > out.names_.size()) {
        return Status(Errc::kUsage, "module_aliases leads in a circle from " + in_quotes(alias));
      }
      at = *std::move(next);
    }
    if (at == alias) {
      return Status(Errc::kUsage, "module_aliases leads in a circle from " + in_quotes(alias));
    }
  }
  return out;
}

}  // namespace signedvfs
