// What children are told that do not inherit memory: what was decided stays decided in them.
#include <algorithm>
#include <optional>
#include <string>

#include "bindings/convert.h"
#include "bindings/hook.h"
#include "importer/path_text.h"
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

// expected returns the paths that children have to take for ours, whatever stands there by then.
py::list expected(const Registry& registry) {
  std::vector<std::string> paths = registry.roots();
  for (const OpenedArchive& opened : registry.in_use()) {
    const Result<std::string> absolute = absolute_path(opened.vfs->path());
    if (absolute.ok()) paths.push_back(*absolute);
  }
  py::list out;
  for (const std::string& path : paths) out.append(path_object(path));
  return out;
}

}  // namespace

py::dict remembered(const PathHook& hook) {
  const Registry& registry = hook.state->registry;
  py::list refused;
  for (const Refusal& one : registry.refusals()) {
    refused.append(py::make_tuple(path_object(one.absolute), text_object(name(one.reason.code())),
                                  text_object(one.reason.what()),
                                  text_object(one.reason.member())));
  }
  py::list spellings;
  for (const auto& [spelled, absolute] : registry.spellings()) {
    spellings.append(py::make_tuple(path_object(spelled), path_object(absolute)));
  }
  py::list floors;
  for (const Floor& floor : SerialFloors::of_process().all(registry.scope())) {
    floors.append(py::make_tuple(floor.by_path, path_object(floor.product), floor.serial));
  }
  py::dict out;
  out["expected"] = expected(registry);
  out["refused"] = refused;
  out["spellings"] = spellings;
  out["floors"] = floors;
  return out;
}

void recall(const PathHook& hook, const py::dict& known) {
  Registry& registry = hook.state->registry;
  for (const py::handle path : known["expected"]) registry.protect(path_of(path));
  for (const py::handle item : known["refused"]) {
    const auto one = item.cast<py::tuple>();
    const std::optional<Errc> code = errc_named(utf8_of(one[1], "a code"));
    if (!code || *code == Errc::kOk) throw py::value_error("no such code of a refusal");
    Status reason(*code, utf8_of(one[2], "a reason"));
    registry.refuse({path_of(one[0]), std::move(reason).about(utf8_of(one[3], "a member"))});
  }
  for (const py::handle item : known["spellings"]) {
    const auto one = item.cast<py::tuple>();
    registry.remember_spelling(path_of(one[0]), path_of(one[1]));
  }
  for (const py::handle item : known["floors"]) {
    const auto one = item.cast<py::tuple>();
    SerialFloors::of_process().raise(
        registry.scope(), {one[0].cast<bool>(), path_of(one[1]), one[2].cast<std::uint64_t>()});
  }
}

}  // namespace signedvfs
