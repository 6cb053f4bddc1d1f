// Paths below archives in use, as files and directories: what an interpreter has for that.
//
// Functions of C that Python's own modules call with paths, such as `os.stat` and the constructor
// of `io.FileIO`, are answered by us where a path leads to or below an archive in use, and by
// themselves elsewhere. Their objects stay the same (see builtin_door.h).
#pragma once

#include <memory>
#include <vector>

#include "archive/base/status.h"
#include "importer/files/directory_handles.h"
#include "importer/files/replaced.h"
#include "importer/files/sealed_cache.h"
#include "importer/files/stat_result.h"
#include "importer/files/territory.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// Files belongs to one interpreter; Python objects in it need the GIL.
struct Files {
  explicit Files(Interpreter& owner) noexcept : home(owner) {}

  Interpreter& home;
  std::shared_ptr<Territory> territory = std::make_shared<Territory>();
  DirectoryHandles handles;
  SealedCache sealed;
  std::unique_ptr<StatMaker> stat;  // from the first time that doors are open
  PyRef scan_type, entry_type;      // what os.scandir returns, and gives
  PyRef dir_entry;                  // os.DirEntry

  // What has been replaced while they are open.
  ReplacedFunctions functions;
  std::vector<ReplacedClass> classes;
  bool is_open = false;
};

// add_files gives the module `open_doors`, `close_doors` and `doors_are_open`, and the interpreter
// its territory. First of all rooms: importers tell the territory what they open.
Status add_files(Interpreter& home);

// running_files returns those of the running interpreter while its doors are open; null: they are
// not. Quick.
Files* running_files() noexcept;

// is_plainly_elsewhere tells, quickly, that `path`, whatever object it is, is none of ours: a str
// of ASCII that leads to no mount, or a descriptor while none of ours is known. False: it has to be
// looked at. `is_of_links`: so is a link by way of which an archive was found.
bool is_plainly_elsewhere(const Files& files, PyObject* path, bool is_of_links = false) noexcept;

// bundled_library returns the path (a str) of the library of an archive in use that `name` stands
// for as ctypes.util.find_library takes it, or None.
Result<PyRef> bundled_library(const Files& files, const std::string& name);

// open_doors has paths below archives in use answered. Doing it again does nothing. Fails with
// `kPython`, and has opened none then.
Status open_doors(Files& files);

// close_doors puts back what open_doors has replaced. Fails with `kPython`, all the same having
// done so, where a set of functions in `os` did not take one back.
Status close_doors(Files& files);

// What the garbage collector does with them.
int traverse_files(const Files& files, visitproc visit, void* arg);

}  // namespace signedvfs
