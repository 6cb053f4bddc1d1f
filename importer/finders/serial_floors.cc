#include "importer/finders/serial_floors.h"

#include <algorithm>

#include "importer/python/process_lock.h"

namespace signedvfs {
namespace {

std::vector<std::string> scopes_of(const std::string& hook, const SignedVfs& archive) {
  std::vector<std::string> out{"hook " + hook};
  for (const std::string& signer : archive.signers()) out.push_back("key " + signer);
  return out;
}

}  // namespace

SerialFloors& SerialFloors::of_process() {
  // Never freed: at exit, threads that still import outlive every static object.
  static SerialFloors& floors = *new SerialFloors();
  return floors;
}

Status SerialFloors::admit(const std::string& hook, const SignedVfs& archive,
                           const std::vector<std::string>& places) {
  const std::optional<std::string>& name = archive.attributes().name;
  const std::uint64_t serial = archive.attributes().serial.value_or(0);
  std::vector<Key> asked;
  std::vector<Key> raised;
  for (const std::string& scope : scopes_of(hook, archive)) {
    for (const std::string& place : places) raised.emplace_back(scope, true, place);
    if (name) asked.emplace_back(scope, false, *name);
  }
  if (!name) asked = raised;
  const ProcessLock lock;
  for (const Key& key : asked) {
    const auto floor = floors_.find(key);
    if (floor == floors_.end() || serial >= floor->second) continue;
    return {Errc::kRollback,
            in_quotes(archive.path()) + " has the serial " + std::to_string(serial) +
                ", and this process has seen serial " + std::to_string(floor->second) + " of " +
                in_quotes(std::get<2>(key)) + " already: an older release has been put in place"};
  }
  raised.insert(raised.end(), asked.begin(), asked.end());
  for (const Key& key : raised) {
    std::uint64_t& floor = floors_[key];
    floor = std::max(floor, serial);
  }
  return {};
}

void SerialFloors::raise(const Floor& floor) {
  const ProcessLock lock;
  std::uint64_t& kept = floors_[{floor.scope, floor.by_path, floor.product}];
  kept = std::max(kept, floor.serial);
}

std::vector<Floor> SerialFloors::all() const {
  const ProcessLock lock;
  std::vector<Floor> out;
  out.reserve(floors_.size());
  for (const auto& [key, serial] : floors_) {
    out.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), serial});
  }
  return out;
}

}  // namespace signedvfs
