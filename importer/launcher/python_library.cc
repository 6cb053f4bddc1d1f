#include "importer/launcher/python_library.h"

#include <string>
#include <utility>
#include <vector>

#include "archive/os/dynamic_linker.h"
#include "archive/os/late_symbols.h"
#include "importer/native/library_source.h"
#include "importer/native/linker_environment.h"
#include "importer/native/loaded_libraries.h"
#include "importer/native/plan.h"
#include "importer/python/object.h"

// Declared again, as one that may not be there: in one of the launchers Python is linked in, and in
// the other it is nowhere before its library is loaded.
// NOLINTNEXTLINE(readability-redundant-declaration): the other one says nothing of that
extern "C" const char* Py_GetVersion() __attribute__((weak));

namespace signedvfs {
namespace {

// check_release compares the interpreter that the application was packed for with the one that the
// program was made with. What is linked in is that one to the last digit; a library says more of
// itself when it is bound.
Status check_release(const LaunchPlan& plan) {
  constexpr std::uint32_t kAbi = 0xffff0000;  // the major and minor version
  const std::uint32_t compared = is_python_linked_in() ? 0xffffffff : kAbi;
  if ((plan.hexversion & compared) == (PY_VERSION_HEX & compared)) return {};
  return Status(Errc::kBadLibrary, "the application brings what belongs to Python " + plan.python +
                                       ", and this launcher is for " + PY_VERSION)
      .advising("Build it with the Python that it is for.");
}

// load has one library loaded, for everybody: extension modules take Python's functions from the
// process as a whole, as they do where the interpreter is no library.
Status load(const LibrarySource& source, const PlannedLibrary& library) {
  for (const std::string& name : library.systems) {
    SIGNEDVFS_TRY(ensure_system_library(name).in(in_quotes(library.entry)));
  }
  const std::string& path = library.sealed->path();
  Result<LibraryHandle> loaded = load_library(path, kBindNowGlobally);
  if (!loaded.ok()) return std::move(loaded).status().in(in_quotes(library.entry));
  if (library_name(*loaded) != path) {
    return Status(Errc::kBadLibrary, in_quotes(library.entry) +
                                         " was taken by the linker for another library, " +
                                         in_quotes(library_name(*loaded)));
  }
  LoadedLibrary known{
      source.archive, library.entry, library.identity, path, *loaded, source.vfs, {}, {}};
  for (const NeededMember& needed : library.needs) {
    SIGNEDVFS_ASSIGN(std::string identity, source.vfs->identity_of(needed.entry));
    known.needs.push_back({needed.entry, std::move(identity)});
  }
  if (keeps_libraries_open()) library.sealed->leave_open();
  note_loaded(std::move(known));
  return {};
}

// load_entry has the member loaded, and returns its handle.
Result<LibraryHandle> load_entry(const LibrarySource& source, const std::string& entry) {
  SIGNEDVFS_ASSIGN(const std::vector<PlannedGroup> plan, plan_libraries(source, entry));
  for (const PlannedGroup& group : plan) {
    if (group.size() != 1) {
      return Status(Errc::kBadLibrary, in_quotes(group.front().entry) + " and " +
                                           in_quotes(group.back().entry) + " need each other");
    }
    const PlannedLibrary& library = group.front();
    if (library.sealed == nullptr) continue;  // for one that came before
    SIGNEDVFS_TRY(load(source, library));
  }
  SIGNEDVFS_ASSIGN(const std::string identity, source.vfs->identity_of(entry));
  const auto loaded = loaded_member(source.archive, entry, identity);
  if (!loaded) return Status(Errc::kBadLibrary, in_quotes(entry) + " was not loaded");
  return loaded->handle;
}

}  // namespace

bool is_python_linked_in() noexcept { return Py_GetVersion != nullptr; }

Status load_python(const Launch& launch) {
  SIGNEDVFS_TRY(check_release(launch.plan));
  const NativeRules& rules = launch.rules.policy.native;
  SIGNEDVFS_TRY(check_environment(rules));
  const LibrarySource source{launch.vfs, launch.path, rules, nullptr};
  std::vector<LibraryHandle> loaded;
  for (const std::string& entry : launch.plan.libraries) {
    SIGNEDVFS_ASSIGN(LibraryHandle const handle, load_entry(source, entry));
    if (is_python_linked_in() && has_symbol(handle, "Py_GetVersion")) {
      return Status(Errc::kBadLibrary,
                    in_quotes(entry) + " is a second Python beside the launcher's")
          .advising(
              "Build the application with the `signedvfs build` that the launcher came with.");
    }
    loaded.push_back(handle);
  }
  return bind_late_symbols({"Py", "_Py", "_Unwind_"}, loaded);
}

}  // namespace signedvfs
