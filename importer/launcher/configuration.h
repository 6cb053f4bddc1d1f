// Python without anything that the machine or the environment could say. Private to launcher/.
#pragma once

#include <string>

#include "archive/base/status.h"

namespace signedvfs {

// scrub_environment takes out of the environment, for this process and its children, what has
// Python, the C library or OpenSSL load or choose code. Before there are threads.
void scrub_environment();

// check_search_environment refuses LD_LIBRARY_PATH: what the linker found there for this program
// has run before its first line, and would again.
Status check_search_environment();

// begin_python initializes Python by PEP 587's isolated configuration, in which nothing is looked
// for, in the program at the absolute `path` (`argc` and `argv` are main's). Fails with `kUsage` in
// the interpreter's words.
Status begin_python(const std::string& path, int argc, char** argv);

}  // namespace signedvfs
