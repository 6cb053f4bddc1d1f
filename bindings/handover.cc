// What children are told that do not inherit memory: what was decided stays decided in them.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/convert.h"
#include "bindings/hook.h"
#include "importer/serial_floors.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

std::optional<Errc> errc_named(std::string_view text) {
  for (std::size_t i = 0; i < kErrcCount; ++i) {
    const auto code = static_cast<Errc>(i);
    if (name(code) == text) return code;
  }
  return std::nullopt;
}

py::list paths_list(const std::vector<std::string>& paths) {
  py::list out;
  for (const std::string& path : paths) out.append(path_object(path));
  return out;
}

std::vector<std::string> paths_of(const py::handle& paths) {
  std::vector<std::string> out;
  for (const py::handle path : paths) out.push_back(path_of(path));
  return out;
}

py::list roots_list(const std::vector<Root>& roots) {
  py::list out;
  for (const Root& root : roots) {
    out.append(py::make_tuple(path_object(root.absolute), paths_list(root.places)));
  }
  return out;
}

std::vector<Root> roots_from(const py::handle& roots) {
  std::vector<Root> out;
  for (const py::handle item : roots) {
    const auto one = item.cast<py::tuple>();
    out.push_back({path_of(one[0]), paths_of(one[1])});
  }
  return out;
}

Refusal refusal_from(const py::tuple& one) {
  const std::optional<Errc> code = errc_named(utf8_of(one[1], "a code"));
  if (!code || *code == Errc::kOk) throw py::value_error("no such code of a refusal");
  Status reason(*code, utf8_of(one[2], "a reason"));
  return {path_of(one[0]), std::move(reason).about(utf8_of(one[3], "a member"))};
}

// add_places has a root of this process also be where the parent first saw it.
void add_places(std::vector<Root>& roots, const std::vector<Root>& known) {
  for (const Root& one : known) {
    for (Root& root : roots) {
      if (root.absolute != one.absolute) continue;
      root.places.insert(root.places.end(), one.places.begin(), one.places.end());
    }
  }
}

}  // namespace

py::dict remembered(const PathHook& hook) {
  const Registry& registry = hook.state->registry;
  py::list refused;
  for (const Refusal& one : registry.refusals()) {
    refused.append(py::make_tuple(path_object(one.place), text_object(name(one.reason.code())),
                                  text_object(one.reason.what()),
                                  text_object(one.reason.member())));
  }
  py::list spellings;
  for (const auto& [spelled, absolute] : registry.spellings()) {
    spellings.append(py::make_tuple(path_object(spelled), path_object(absolute)));
  }
  py::list floors;
  for (const Floor& floor : SerialFloors::of_process().all()) {
    floors.append(py::make_tuple(path_object(floor.scope), floor.by_path,
                                 path_object(floor.product), floor.serial));
  }
  py::dict names;
  if (hook.state->is_scoped()) {  // elsewhere what is refused refuses everything
    for (const auto& [absolute, used] : registry.used_names()) {
      names[path_object(absolute)] = text_list(used);
    }
  }
  py::dict out;
  out["own_roots"] = roots_list(hook.state->roots);
  out["roots"] = roots_list(registry.roots());
  out["archives"] = paths_list(registry.archive_places());
  out["names"] = names;
  out["refused"] = refused;
  out["spellings"] = spellings;
  out["floors"] = floors;
  return out;
}

void recall(const PathHook& hook, const py::dict& known) {
  Registry& registry = hook.state->registry;
  add_places(hook.state->roots, roots_from(known["own_roots"]));
  for (const Root& root : roots_from(known["roots"])) registry.protect(root);
  for (const std::string& place : paths_of(known["archives"])) registry.add_archive_place(place);
  for (const auto& [absolute, names] : known["names"].cast<py::dict>()) {
    std::vector<std::string> used;
    for (const py::handle name : names) used.push_back(utf8_of(name, "a name"));
    registry.add_used_names(path_of(absolute), used);
  }
  for (const py::handle item : known["refused"]) {
    registry.refuse(refusal_from(item.cast<py::tuple>()));
  }
  for (const py::handle item : known["spellings"]) {
    const auto one = item.cast<py::tuple>();
    registry.remember_spelling(path_of(one[0]), path_of(one[1]));
  }
  for (const py::handle item : known["floors"]) {
    const auto one = item.cast<py::tuple>();
    SerialFloors::of_process().raise(
        {path_of(one[0]), one[1].cast<bool>(), path_of(one[2]), one[3].cast<std::uint64_t>()});
  }
}

}  // namespace signedvfs
