// The launcher: one executable file that is its own verified archive.
//
// What runs before whom: the program itself, which trusts the kernel, the dynamic linker and the C
// library; the signature of what is behind it in its file; the Python library out of that; and what
// Python imports, none of which comes from anywhere else.
#include <utility>

#include "archive/os/program_start.h"
#include "archive/os/signals_blocked.h"
#include "importer/launcher/configuration.h"
#include "importer/launcher/information.h"
#include "importer/launcher/launch.h"
#include "importer/launcher/python_library.h"
#include "importer/launcher/refusing.h"
#include "importer/launcher/running.h"
#include "importer/launcher/staging.h"

namespace signedvfs {
namespace {

Status check_process() {
  SIGNEDVFS_TRY(occupy_standard_descriptors());
  if (is_privileged()) {
    return Status(Errc::kUnsupported,
                  "the program has more rights than whoever starts it (set-user-ID, "
                  "set-group-ID or file capabilities)")
        .advising("Take them off the file, and start it by a program that was made for that.");
  }
  return check_search_environment();
}

Result<Launch> begin() {
  SIGNEDVFS_TRY(check_process());
  scrub_environment();
  SIGNEDVFS_ASSIGN(Launch launch, open_launch());
  SIGNEDVFS_TRY(load_python(launch));
  return launch;
}

int launch(int argc, char** argv) {
  const char* const program = argc > 0 && argv[0] != nullptr ? argv[0] : "application";
  const Status words = check_words(argc, argv);
  if (!words.ok()) refuse(program, words);
  Result<Launch> launch = begin();
  if (!launch.ok()) refuse(program, launch.status());
  if (is_information_wanted(launch->rules, argc, argv)) {
    const Result<std::string> text = information_of(*launch);
    if (!text.ok()) refuse(program, text.status());
    return write_text(*text) ? 0 : 1;
  }
  // Threads that outlive main may still ask.
  static const auto* const kept = new Launch(std::move(launch).value());
  Status begun = prepare_staging(*kept);
  if (begun.ok()) {
    // Ctrl-C would have one of the first imports fail, and Python with it. It waits for a Python
    // that knows what to do.
    const SignalsBlocked until_it_is_there;
    begun = begin_python(*kept, argc, argv);
  }
  if (!begun.ok()) refuse(program, begun);
  return run_application(*kept, argc, argv);
}

}  // namespace
}  // namespace signedvfs

// NOLINTNEXTLINE(bugprone-exception-escape): without memory there is nothing to be done about it
int main(int argc, char** argv) { return signedvfs::launch(argc, argv); }
