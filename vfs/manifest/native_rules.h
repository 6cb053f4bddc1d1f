// What a policy says about native code, beside what was signed.
#pragma once

#include <set>
#include <string>

namespace signedvfs {

// NativeRules are part of a TrustPolicy, so that they go wherever it goes, also to child processes.
struct NativeRules {
  // libraries are names (DT_NEEDED, such as "libodbc.so.2") of libraries of the system that
  // extension modules may need beside those that every system has (importer/native).
  std::set<std::string> libraries;

  // preloads are names of libraries that LD_PRELOAD may have in the process ("libjemalloc.so.2"):
  // their functions take the place of signed ones of the same name.
  std::set<std::string> preloads;

  // directory is where a file without a name may stand in for sealed memory, where the system
  // forbids that; empty: then nothing is loaded. Its owner and root can change such a file.
  std::string directory;
};

}  // namespace signedvfs
