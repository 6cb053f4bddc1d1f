#include "importer/serial_floors.h"

#include <algorithm>

#include "importer/process_lock.h"

namespace signedvfs {

SerialFloors& SerialFloors::of_process() {
  // Never freed: at exit, threads that still import outlive every static object.
  static SerialFloors& floors = *new SerialFloors();
  return floors;
}

Status SerialFloors::admit(const std::string& scope, const Attributes& attributes,
                           const std::string& absolute, const std::string& real) {
  const std::uint64_t serial = attributes.serial.value_or(0);
  std::vector<Key> asked{{true, absolute}, {true, real}};
  if (attributes.name) asked = {{false, *attributes.name}};
  const ProcessLock lock;
  std::map<Key, std::uint64_t>& floors = scopes_[scope];
  for (const Key& key : asked) {
    const auto floor = floors.find(key);
    if (floor == floors.end() || serial >= floor->second) continue;
    return {Errc::kRollback, in_quotes(absolute) + " has the serial " + std::to_string(serial) +
                                 ", and this process has seen serial " +
                                 std::to_string(floor->second) + " of " + in_quotes(key.second) +
                                 " already: an older release has been put in place"};
  }
  asked.insert(asked.end(), {{true, absolute}, {true, real}});
  for (const Key& key : asked) {
    std::uint64_t& floor = floors[key];
    floor = std::max(floor, serial);
  }
  return {};
}

void SerialFloors::raise(const std::string& scope, const Floor& floor) {
  const ProcessLock lock;
  std::uint64_t& kept = scopes_[scope][{floor.by_path, floor.product}];
  kept = std::max(kept, floor.serial);
}

std::vector<Floor> SerialFloors::all(const std::string& scope) const {
  const ProcessLock lock;
  std::vector<Floor> out;
  const auto found = scopes_.find(scope);
  if (found == scopes_.end()) return out;
  for (const auto& [key, serial] : found->second) out.push_back({key.first, key.second, serial});
  return out;
}

}  // namespace signedvfs
