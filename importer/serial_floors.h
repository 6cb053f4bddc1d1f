// The highest release of each product that this process has seen.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "archive/status.h"
#include "vfs/manifest.h"

namespace signedvfs {

// Floor is the lowest `@serial` that is still accepted of a product: of the `@name` `product`, or,
// where `by_path` says so, of what has no name and lies at that absolute path.
struct Floor {
  bool by_path = false;
  std::string product;
  std::uint64_t serial = 0;
};

// SerialFloors makes the highest `@serial` seen of a product a floor for the life of the process
// and its forks, whoever opened it and whatever became of the file since: who takes an archive away
// for a moment, or puts another product's in its place, cannot bring an older release back. There
// is one list for each scope: two path hooks with different roots have different products of one
// name. Values only ever rise. May be used from any thread.
class SerialFloors {
 public:
  // of_process is the one that importing goes by.
  static SerialFloors& of_process();

  // admit raises the floors that an archive with `attributes` at `absolute` (without links: `real`)
  // stands for, or fails with `kRollback` where it lies below one. An archive without a serial
  // counts as 0. One with a name goes by its name; one without a name goes by both paths, at which
  // every archive counts.
  Status admit(const std::string& scope, const Attributes& attributes, const std::string& absolute,
               const std::string& real);

  // raise makes `floor` the lowest there is in `scope`: what a parent process has seen.
  void raise(const std::string& scope, const Floor& floor);

  // all returns the floors of `scope`, for children that do not inherit memory.
  std::vector<Floor> all(const std::string& scope) const;

 private:
  using Key = std::pair<bool, std::string>;  // by_path, product
  std::map<std::string, std::map<Key, std::uint64_t>> scopes_;
};

}  // namespace signedvfs
