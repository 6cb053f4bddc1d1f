// Which modules something refused could have been meant to supply.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "vfs/signed_vfs.h"

namespace signedvfs {

// Suspect is something at a path of ours that was refused.
struct Suspect {
  std::string absolute;
  bool is_root = false;                    // the path itself was given as a root
  std::shared_ptr<const SignedVfs> known;  // what was in use there before; may be null
};

// Suspects lets a process live on beside refused archives in a place where anybody may drop one:
// only modules that could be meant are refused. Names are read from what nobody has vouched for, so
// they can only add to what is refused. May be used from any thread.
class Suspects {
 public:
  // may_mean tells whether a module at `stem` ("lib/pkg/mod") could be meant:
  // - a directory could supply what lies in it now, by FileFinder's rules;
  // - an archive what its zip directory lists, and what is named like an archive ("shop-1.2.zip")
  //   also what it is named after;
  // - whatever it is, also what was in use there before;
  // - everything, where that cannot be told at a bounded cost, and where nothing that names modules
  //   stands at an archive's path that was itself given as a root.
  // `suffixes` are the endings of module files. Opens files: call it without the GIL.
  bool may_mean(const Suspect& suspect, const std::string& stem,
                const std::vector<std::string>& suffixes);

 private:
  // Names are the stems of what a refused file lists, directories included.
  struct Names {
    bool is_complete = false;  // false: it could be anything
    bool is_archive = false;
    std::unordered_set<std::string> stems;
  };

  static Names read_names(const std::string& absolute, const std::vector<std::string>& suffixes);
  std::shared_ptr<const Names> names_of(const std::string& absolute,
                                        const std::vector<std::string>& suffixes);

  std::unordered_map<std::string, std::shared_ptr<const Names>> known_;
};

}  // namespace signedvfs
