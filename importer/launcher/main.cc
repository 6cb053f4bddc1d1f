// The launcher: one executable file that is its own verified archive.
//
// What runs before whom: the first stage, where the builder wants it (first_stage/); the program
// itself, which trusts the kernel, the dynamic linker and the C library, and in one of the two
// launchers has Python linked in; the signature of what is behind it in its file; in the other
// launcher, the Python library out of that; and what Python imports, none of which comes from
// anywhere else.
#include <utility>

#include "archive/os/dynamic_linker.h"
#include "archive/os/program_start.h"
#include "archive/os/signals_blocked.h"
#include "importer/launcher/configuration.h"
#include "importer/launcher/first_stage/first_stage.h"
#include "importer/launcher/information.h"
#include "importer/launcher/memory_shortage.h"
#include "importer/launcher/opening.h"
#include "importer/launcher/python_library.h"
#include "importer/launcher/refusing.h"
#include "importer/launcher/running.h"
#include "importer/launcher/staging.h"

namespace signedvfs {
namespace {

Status check_process() {
  SIGNEDVFS_TRY(occupy_standard_descriptors());
  survive_size_limit();
  if (is_privileged()) {
    return Status(Errc::kUnsupported,
                  "the program has more rights than whoever starts it (set-user-ID, "
                  "set-group-ID or file capabilities)")
        .advising("Take them off the file, and start it by a program that was made for that.");
  }
  return check_search_environment();
}

Result<OwnExecutable> begin(int argc, char** argv) {
  SIGNEDVFS_TRY(check_words(argc, argv));
  SIGNEDVFS_TRY(check_process());
  scrub_environment();
  return open_own_executable();
}

// show_information returns the exit status of a process that tells of itself.
int show_information(const char* program, const Launch& launch) {
  const Result<std::string> text = information_of(launch);
  if (!text.ok()) refuse(program, text.status());
  return write_text(*text) ? 0 : 1;
}

int launch(int argc, char** argv) {
  if (came_through_first_stage()) take_start_environment();
  const char* const program = argc > 0 && argv[0] != nullptr ? argv[0] : "application";
  refuse_without_memory(program);
  Result<OwnExecutable> own = begin(argc, argv);
  if (!own.ok()) refuse(program, own.status());
  // Threads that outlive main may still ask.
  static auto* const opening = new Opening(std::move(own).value());
  // What Python does before its first import needs nothing of the archive, unless Python itself is
  // in there.
  if (is_python_linked_in() && !names_information(argc, argv)) {
    opening->begin();
  } else {
    const Result<Launch>& opened = opening->wait();
    if (!opened.ok()) refuse(program, opened.status());
    if (opened->rules.shows_info && names_information(argc, argv)) {
      return show_information(program, *opened);
    }
  }
  Status begun = prepare_staging(*opening);
  if (begun.ok()) {
    // Ctrl-C would have one of the first imports fail, and Python with it. It waits for a Python
    // that knows what to do.
    const SignalsBlocked until_it_is_there;
    begun = begin_python(opening->path(), argc, argv);
  }
  if (!begun.ok()) refuse(program, begun);
  return run_application(*opening->wait(), argc, argv);
}

}  // namespace
}  // namespace signedvfs

// NOLINTNEXTLINE(bugprone-exception-escape): without memory there is nothing to be done about it
int main(int argc, char** argv) { return signedvfs::launch(argc, argv); }
