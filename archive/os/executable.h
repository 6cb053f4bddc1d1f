// The program that this process runs: where its dynamic linker looks for the program's own
// libraries (ld.so(8)).
#pragma once

#include <string>

namespace signedvfs {

// ExecutableSearch is what the program's file says of that.
struct ExecutableSearch {
  // DT_RUNPATH, or DT_RPATH where there is no DT_RUNPATH, which is what glibc goes by: entries with
  // ':' between them, as they are written. Empty also where the program needs no library, so that
  // nothing was looked for.
  std::string paths;

  // Whether the linker looks there for whatever anybody in the process loads by its name (DT_RPATH
  // of a program; with musl, DT_RUNPATH as well), and not for the program's own libraries alone.
  bool is_for_all = false;

  // What $ORIGIN stands for: the directory of the program's file, without symbolic links, wherever
  // the one was that started it; empty where that is not known.
  std::string origin;
};

// executable_search is read from the program as it is in memory, and from the kernel, when it is
// first asked for; no environment variable has a say. Nothing in a process that is more privileged
// than whoever started it (AT_SECURE in getauxval(3)), where the linker has rules of its own.
const ExecutableSearch& executable_search();

}  // namespace signedvfs
