// What a manager has refused, or would have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "importer/python/object.h"

namespace signedvfs {

// RefusalReport counts refusals. Any thread may use it.
class RefusalReport {
 public:
  struct Entry {
    std::string module;
    std::string code;  // the name of the Errc
    std::string reason;
    std::string path;  // in the file system's bytes; empty: not known
    std::uint64_t count = 0;
  };

  // add counts one, and tells whether it is the first of its kind. Beyond kMostEntries different
  // ones it only counts: who imports names that an attacker chooses has a bounded report.
  bool add(const std::string& module, Errc code, const std::string& reason,
           const std::string& path);

  // entries returns a list of dicts, in the order in which they came: "module", "code", "reason",
  // "path" (str or None), "count". Needs the GIL.
  Result<PyRef> entries() const;

  // text says the same for people, a line for each. `mode` is the manager's.
  Result<PyRef> text(const std::string& mode) const;

  std::uint64_t not_recorded() const;

 private:
  static constexpr std::size_t kMostEntries = 10'000;

  std::vector<Entry> copy() const;

  mutable std::mutex mutex_;  // held for no call of Python
  std::vector<Entry> entries_;
  std::uint64_t not_recorded_ = 0;
};

}  // namespace signedvfs
