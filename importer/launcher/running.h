// The application's own code, as the program. Private to launcher/.
#pragma once

#include "archive/base/status.h"
#include "importer/launcher/launch.h"

namespace signedvfs {

// run_application runs the archive's `__main__`, or what a child process was given to run (`argc`
// and `argv` are main's; see bindings/signedvfs/launched.py), and returns the exit status of the
// process. An exception is shown as Python shows it. Python is initialized when it is called, and
// has ended when it returns; Ctrl-C ends the process, as the shell expects.
int run_application(const Launch& launch, int argc, char** argv);

// check_words refuses, before Python is there, the words of a child process that nobody of the
// application has started.
Status check_words(int argc, char** argv);

}  // namespace signedvfs
