#include "importer/native/linker_environment.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/base/buffer.h"
#include "archive/elf/shared_object.h"
#include "archive/os/dynamic_linker.h"
#include "archive/os/file_status.h"
#include "archive/os/merged_libraries.h"
#include "archive/os/opened_file.h"
#include "archive/os/regular_file.h"
#include "importer/native/merged_library.h"
#include "importer/native/names.h"
#include "importer/native/program_directories.h"

namespace signedvfs {
namespace {

// first_stranger returns the first library of a list, in which any of `separators` stand between
// paths, that `allowed` does not name.
std::optional<std::string> first_stranger(std::string_view list, std::string_view separators,
                                          const std::set<std::string>& allowed) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(separators), list.size());
    const std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (!one.empty() && !allowed.contains(std::string(last_part(one)))) return std::string(one);
  }
  return std::nullopt;
}

Status stranger(const char* variable, const std::string& library) {
  return Status(Errc::kBadLibrary, "the process was started with " + in_quotes(library) + " in " +
                                       variable +
                                       ", whose functions come before those that are signed")
      .advising(
          "Start it without, or allow that library by its name "
          "(TrustPolicy(preloads=...), `run --preload`).");
}

// read_library returns what a library of the system says of itself, where it can be read.
Result<SharedObject> read_library(const std::string& path) {
  SIGNEDVFS_ASSIGN(const FileDescriptor file, open_regular(path));
  Buffer content(static_cast<std::size_t>(status_of(file.get()).size));
  SIGNEDVFS_ASSIGN(const std::size_t size, read_some(file.get(), content.bytes(), path));
  return read_shared_object(std::as_const(content).bytes().first(size));
}

// find_on_disk returns the system's library of that name and of our machine.
struct OnDisk {
  std::string path;
  SharedObject object;
};
std::optional<OnDisk> find_in(const std::vector<std::string>& directories,
                              const std::string& name) {
  for (const std::string& directory : directories) {
    const std::string path = std::string(directory).append("/").append(name);
    Result<SharedObject> object = read_library(path);
    if (object.ok()) return OnDisk{path, std::move(object).value()};
  }
  return std::nullopt;
}

std::optional<OnDisk> find_on_disk(const std::string& name) {
  auto of_program = find_in(program_directories().directories, name);
  return of_program ? std::move(of_program) : find_in(system_library_directories(), name);
}

Status not_there(const std::string& name, const std::string& why) {
  return Status(Errc::kBadLibrary,
                "the library " + in_quotes(name) + " of the system is wanted (" + why + ")")
      .advising("Install the package of the distribution that has it.");
}

// linker_has tells whether the linker has a library of that name, whatever files there are.
bool linker_has(const std::string& name) {
  LibraryHandle const found = loaded_library(name);
  return found != nullptr && is_known_as(found, name);
}

Status load_by_place(const std::string& name, int depth) {
  constexpr int kDeepest = 32;
  if (linker_has(name)) return {};
  const std::optional<OnDisk> found = find_on_disk(name);
  if (!found || depth > kDeepest) {
    return not_there(name,
                     "LD_LIBRARY_PATH, or the program's own search path, leads elsewhere, and was "
                     "not asked for it; it is in none of the system's directories");
  }
  for (const std::string& needed : found->object.needed) {
    SIGNEDVFS_TRY(load_by_place(needed, depth + 1));
  }
  const Result<LibraryHandle> loaded = load_library(found->path, kBindNowLocally);
  if (!loaded.ok()) return not_there(name, loaded.status().what());
  if (linker_has(name)) return {};
  if (!kLinkerGoesByNames) {
    return Status(Errc::kBadLibrary,
                  "the linker would not take the library " + in_quotes(found->path) + " for " +
                      in_quotes(name) +
                      ", but look for that name in LD_LIBRARY_PATH, or in the program's own search "
                      "path")
        .advising("Start the process without LD_LIBRARY_PATH.");
  }
  // The linker would look for it once more, and would begin with LD_LIBRARY_PATH.
  return Status(Errc::kBadLibrary,
                "the library " + in_quotes(found->path) + " does not call itself " +
                    in_quotes(name) +
                    " (DT_SONAME), so that the linker would look for that name in LD_LIBRARY_PATH, "
                    "or in the program's own search path")
      .advising(
          "Start the process without LD_LIBRARY_PATH, or use the library by its own name (`readelf "
          "-d` says it).");
}

Status load_from_disk(const std::string& name) {
  const ProgramDirectories& program = program_directories();
  if (program.has_others || !start_environment("LD_LIBRARY_PATH").empty()) {
    return load_by_place(name, 0);
  }
  if (loaded_library(name) != nullptr) return {};
  const std::optional<OnDisk> of_program = find_in(program.directories, name);
  const Result<LibraryHandle> loaded =
      load_library(of_program ? of_program->path : name, kBindNowLocally);
  if (!loaded.ok()) return not_there(name, loaded.status().what());
  return {};
}

}  // namespace

void remember_environment() { static_cast<void>(start_environment("LD_PRELOAD")); }

Status check_environment(const NativeRules& rules) {
  for (const std::string& list : start_environment("LD_AUDIT")) {
    if (const auto one = first_stranger(list, ":", {})) return stranger("LD_AUDIT", *one);
  }
  for (const std::string& list : start_environment("LD_PRELOAD")) {
    if (const auto one = first_stranger(list, ": ", rules.preloads)) {
      return stranger("LD_PRELOAD", *one);
    }
  }
  return {};
}

bool keeps_libraries_open() {
  static const bool keeps =
      start_environment("SIGNEDVFS_DEBUG_LIBRARIES") == std::vector<std::string>{"1"};
  return keeps;
}

Status ensure_system_library(const std::string& name) {
  if (is_linker_itself(name)) return {};
  Status loaded = load_from_disk(name);
  if (loaded.ok() || !is_merged_library(name)) return loaded;
  const std::optional<OnDisk> c_library = find_on_disk("libc.so.6");
  if (!c_library) return loaded;
  const Status merged = load_merged_library(name, c_library->object.machine_flags);
  return merged.ok() ? Status() : loaded;
}

}  // namespace signedvfs
