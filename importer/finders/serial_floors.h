// The highest release of each product that this process has seen.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "archive/base/status.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// Floor is the lowest `@serial` that is still accepted in `scope` of a product: of the `@name`
// `product`, or, where `by_path` says so, of what has no name and lies at that absolute path.
struct Floor {
  std::string scope;
  bool by_path = false;
  std::string product;
  std::uint64_t serial = 0;
};

// SerialFloors makes the highest `@serial` seen of a product a floor for the life of the process
// and its forks, whoever opened it and whatever became of the file since: who takes an archive away
// for a moment, or puts another product's in its place, cannot bring an older release back. A
// product belongs to whoever signs it: a floor holds for everything that one of the same keys has
// signed, whichever hook asks, and for everything that one hook opens, whichever keys have signed.
// Two parties with keys and hooks of their own may both have a product of one name. Values only
// ever rise. May be used from any thread.
class SerialFloors {
 public:
  // of_process is the one that importing goes by.
  static SerialFloors& of_process();

  // admit raises the floors that `archive`, opened by a hook of the scope `hook`, stands for, or
  // fails with `kRollback` where it lies below one. An archive without a serial counts as 0. One
  // with a name goes by its name; one without a name goes by each of `places`, the paths at which
  // it lies, where every archive counts.
  Status admit(const std::string& hook, const SignedVfs& archive,
               const std::vector<std::string>& places);

  // raise makes `floor` the lowest there is: what a parent process has seen.
  void raise(const Floor& floor);

  // all returns all floors, for children that do not inherit memory.
  std::vector<Floor> all() const;

 private:
  using Key = std::tuple<std::string, bool, std::string>;  // scope, by_path, product
  std::map<Key, std::uint64_t> floors_;
};

}  // namespace signedvfs
