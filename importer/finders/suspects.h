// Which modules something refused could have been meant to supply.
#pragma once

#include <cstdint>
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
  std::shared_ptr<const SignedVfs> known;         // what was in use there before; may be null
  std::unordered_set<std::string> parents_names;  // at the top of what a parent process used there
};

// Meaning says whether something refused could have been meant to supply a module.
enum class Meaning : std::uint8_t {
  kNo,       // it lists, or is known for, other modules
  kYes,      // it lists that one, or is known for it
  kUnknown,  // it could be anything: nothing is there, or nothing that says what it holds
};

// Suspects lets a process live on beside refused archives in a place where anybody may drop one:
// not every module is refused. Names are read from what nobody has vouched for, so they can only
// add to what is refused. May be used from any thread.
class Suspects {
 public:
  // meaning_of answers for a module at `stem` ("lib/pkg/mod"):
  // - a directory could supply what lies in it now, by FileFinder's rules;
  // - an archive what its zip directory lists, where reading that has a bounded cost;
  // - what is named like an archive ("shop-1.2.zip") what it is named after; nothing, junk or a
  //   directory at such a place could be anything;
  // - whatever it is, also what was in use there before.
  // `suffixes` are the endings of module files. Opens files: call it without the GIL.
  Meaning meaning_of(const Suspect& suspect, const std::string& stem,
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
