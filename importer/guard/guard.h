// One import manager: whom it believes, what it found, and whether that can still change.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "importer/finders/importer.h"
#include "importer/finders/importers.h"
#include "importer/guard/aliases.h"
#include "importer/guard/refusal_report.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// Mode says what happens to what would be refused.
enum class Mode : std::uint8_t {
  kEnforce,  // it is refused
  kWarn,     // it is imported by whoever would without us, with a RuntimeWarning
  kAudit,    // the same, without
};

// AllowedModules says what may be loaded when a manager is installed, beside what is signed.
struct AllowedModules {
  enum class Kind : std::uint8_t {
    kDefault,  // what each interpreter loads by itself
    kList,     // `names`, each with what is below it
    kOff,      // anything: nobody looks
  };
  Kind kind = Kind::kDefault;
  std::vector<std::string> names;
};

// Guard is what a `SignedImportManager` holds. Python objects in it need the GIL.
struct Guard {
  Guard(std::shared_ptr<GivenTrust> given, std::shared_ptr<Importer> over)
      : trust(std::move(given)), importer(std::move(over)) {}

  std::shared_ptr<GivenTrust> trust;   // a TrustPolicy, and Limits or None
  std::shared_ptr<Importer> importer;  // of its own: what others opened and trust is theirs
  Mode mode = Mode::kEnforce;
  bool trusts_library_paths = false;
  bool locks_down = false;  // the process as well (lockdown.h)
  bool opens_files = true;  // paths below what is signed are answered (importer/files)
  Aliases aliases;
  AllowedModules allowed;
  std::vector<std::string> made_modules;  // which the program's own finders make, of no file
  RefusalReport report;

  // manifests are the detached ones, as a list of tuples (path, list of roots).
  PyRef manifests;
  PyRef stdlib;  // such a tuple for the interpreter's own library, or None

  PyRef finders;  // a dict: entry of a path -> a finder of ours, or None where it is nobody's
  PyRef by_path;  // a dict: directory that is trusted by its path -> a FileFinder
  PyRef hook;     // what stands in sys.path_hooks while it is installed and enforces

  std::atomic<bool> is_installed = false;
  std::atomic<bool> is_locked = false;
};

// Manager is the value of the class. Each has a guard of its own.
struct Manager {
  std::shared_ptr<Guard> guard;

  int traverse(visitproc visit, void* arg) const {
    Py_VISIT(guard->manifests.get());
    Py_VISIT(guard->stdlib.get());
    Py_VISIT(guard->finders.get());
    Py_VISIT(guard->by_path.get());
    Py_VISIT(guard->hook.get());
    return 0;
  }
  // What it has found it finds again; it has to go on answering while anybody can ask.
  static void clear() {}
};

// Guards is what an interpreter knows of its managers.
struct Guards {
  // installed is a list of those that are, the one that is asked first in front. Python code can
  // get hold of it (gc.get_referrers): what it says is held to `locked` and `Guard::is_installed`.
  PyRef installed;

  // locked are the guards of those that stay, compared only.
  std::vector<const Guard*> locked;
  std::mutex locked_mutex;  // held for no call of Python

  // has_opened_files tells that paths are answered because of one of them.
  bool has_opened_files = false;
};

// add_guard gives the module its class SignedImportManager.
Status add_guard(Interpreter& home);

// What the garbage collector does with them.
int traverse_guards(const Guards& guards, visitproc visit, void* arg);

}  // namespace signedvfs
