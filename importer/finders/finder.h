// One entry of sys.path or of a package's `__path__`, as far as it is ours.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "importer/finders/importer.h"
#include "importer/paths/archive_names.h"
#include "importer/python/object.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {

// Location is a path in an archive or signed directory.
struct Location {
  std::string archive;   // the file's or root's path as it was given
  std::string absolute;  // the same, as the registry knows it
  std::string prefix;    // the path inside: UTF-8, "" or ending in "/"
  Status trouble;        // why nobody can tell what is there; then `absolute` is empty
};

// Finder is an archive or signed directory with a prefix. What it answers depends on what the
// registry says about the archive when it is asked. Immutable; functions that return `PyRef` need
// the GIL, and release it around file access.
class Finder {
 public:
  Finder(std::shared_ptr<Importer> state, Location location)
      : state_(std::move(state)),
        location_(std::move(location)),
        is_in_named_place_(has_archive_name(location_.prefix)) {}

  Importer& state() const noexcept { return *state_; }
  const std::shared_ptr<Importer>& shared_state() const noexcept { return state_; }
  const Location& location() const& noexcept { return location_; }

  // open returns the archive, or why it is refused; its `vfs` is null where there is none and none
  // has to be.
  Result<OpenedArchive> open() const;

  // meaning_of says whether what was refused here could have been meant to supply the module at
  // `stem`, a path inside. Only a hook for given roots leaves anything to others. Releases the GIL.
  Meaning meaning_of(const std::string& stem) const;

  // read returns a member's content, and tells the auditor.
  Result<VerifiedBytes> read(const OpenedArchive& opened, const std::string& entry) const;

  // path_of returns "<archive>/<entry>", the str by which Python knows the entry.
  Result<PyRef> path_of(std::string_view entry) const;

  // search_path_of returns the path for a package's `__path__`. It is the same, for some cut the
  // archive's path off it. (A relative one keeps its meaning: the hook remembers what was given.)
  // Where the hook is not in use it is absolute: importlib forgets what it knows of relative ones,
  // and would ask others.
  Result<PyRef> search_path_of(std::string_view entry) const;

  // get_data returns the content of the member that `path` (a str) names: "<archive>/<entry>" or
  // "<entry>". An OSError where there is none; `member` tells what was read.
  Result<PyRef> get_data(PyObject* path, std::string& member) const;

  // list_modules returns a list of (`name_prefix` + name, is it a package) of the modules directly
  // below the prefix, as pkgutil.iter_modules gives them; `name_prefix` is a str.
  Result<PyRef> list_modules(PyObject* name_prefix) const;

  // invalidate_caches has the next question look whether another archive stands there now, and the
  // hook asked again where nobody could tell.
  Status invalidate_caches() const;

 private:
  std::shared_ptr<Importer> state_;
  Location location_;
  bool is_in_named_place_;  // the prefix has a component that is named like an archive
};

}  // namespace signedvfs
