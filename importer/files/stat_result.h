// os.stat_result for what has no inode.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "importer/files/entry.h"
#include "importer/files/territory.h"
#include "importer/python/object.h"

namespace signedvfs {

// StatMaker makes `os.stat_result` of an interpreter. Needs the GIL.
//
// Files are readable by everybody and writable by nobody; owner, device and times are those of the
// archive's file when it was first used. Nothing of that is signed, but for names and kinds, and
// the size where the archive has a signed index.
class StatMaker {
 public:
  // learn finds out how this version of Python lays out the class: from a result of os.stat.
  static Result<std::unique_ptr<StatMaker>> learn();

  // make returns what is said of `entry`, which is there.
  Result<PyRef> make(const std::shared_ptr<Mount>& mount, const VirtualEntry& entry);

  int traverse(visitproc visit, void* arg) const;

 private:
  // Common is what all entries of a mount have in common, by field; empty where they have not.
  struct Common {
    std::shared_ptr<Mount> mount;
    std::vector<PyRef> fields;
  };

  // find_common needs the ProcessLock; known_common takes it. Null: nothing is known so far.
  Result<const Common*> common_of(const std::shared_ptr<Mount>& mount);
  const Common* find_common(const std::shared_ptr<Mount>& mount) const;
  const Common* known_common(const std::shared_ptr<Mount>& mount) const;
  Status put(std::vector<PyRef>& fields, const char* name, PyObject* value) const;

  PyRef type_;
  std::vector<std::string> names_;  // of the fields, in order
  std::vector<PyRef> of_root_;      // the fields of "/", for what a later version may add
  PyRef file_mode_, directory_mode_, one_;
  std::vector<std::unique_ptr<Common>> common_;  // with ProcessLock; each stays
};

}  // namespace signedvfs
