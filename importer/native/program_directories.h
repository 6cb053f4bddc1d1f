// Directories that are part of the program that runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace signedvfs {

// ProgramDirectories are those in which the linker looks for the program's own libraries, libpython
// and libc among them, before it looks anywhere in the system. Whoever can write there has had the
// program load what he likes when it started: what else is loaded from there is as trustworthy as
// the interpreter is.
struct ProgramDirectories {
  // As directory_named returns them, in their order. Not those of the environment, nor what depends
  // on the current directory.
  std::vector<std::string> directories;

  // Whether the linker looks elsewhere, too, for whatever anybody loads by its name: the program
  // has a DT_RPATH with entries that are none of these.
  bool has_others = false;
};

// program_directories_in returns those of a program whose file says `paths`, and lies in `origin`;
// `is_for_all`: everybody's libraries are looked for there (ExecutableSearch).
ProgramDirectories program_directories_in(std::string_view paths, std::string_view origin,
                                          bool is_for_all);

// program_directories returns those of the program that runs.
const ProgramDirectories& program_directories();

}  // namespace signedvfs
