// The dynamic linker: loading shared objects from descriptors, and asking what is loaded
// (dlopen(3), dlinfo(3), ld.so(8)).
#pragma once

#include <string>
#include <vector>

#include "archive/base/status.h"

namespace signedvfs {

// LibraryHandle is what dlopen(3) returns. Nothing here is ever unloaded: code of it may be
// running.
using LibraryHandle = void*;

// kLinkerGoesByNames tells whether the linker knows an object again by the path that it was loaded
// under, and by the name that the object has given itself (DT_SONAME), and opens no file then. That
// is glibc's. musl's opens a path whenever it is given one, and compares files (st_dev, st_ino);
// and by a name it knows only what it has once found in one of its directories. There, whoever
// gives it a path again has to see first that this still leads to the object's file, and what is in
// memory alone satisfies nobody's need of a name.
extern const bool kLinkerGoesByNames;

// path_for_linker returns a path to the file behind `descriptor` that this process has never had in
// its hands before: "/proc/<pid>/task/<pid>/fd/", steps that lead nowhere, and the number. The
// linker takes an object that was loaded under a path for whatever that path is given for later,
// and descriptors' numbers come back. Fails with `kUnsupported` where no such path leads to the
// file, as without /proc.
//
// The directory of the path is the object's $ORIGIN. From there it takes five steps up to leave
// what the kernel alone decides about, and debuggers, which have a "/proc/self" of their own, find
// the file.
Result<std::string> path_for_linker(int descriptor);

// load_library loads the object at `path` for good, with the flags of dlopen(3), and returns its
// handle; for a path that it was loaded under before, the same. Its constructors run. A name
// without a slash is searched for. Fails with `kNotFound`, and in the linker's words.
Result<LibraryHandle> load_library(const std::string& path, int flags);

// loaded_library returns the handle of the object that the linker would take for `name` because it
// is loaded already; null: it would search. Nothing is loaded, nothing of it runs, and no file is
// looked for, but where an object's path ends in that name and the object does not have it.
LibraryHandle loaded_library(const std::string& name) noexcept;

// is_known_as tells whether the linker takes `library` for `name` by what it has in memory: it has
// given itself that name (DT_SONAME), or was loaded, or renamed, as that. Otherwise the linker may
// have found it by its file only, and would find another file that somebody puts in front of that.
// Where the linker does not go by names, it has found the library by that name.
bool is_known_as(LibraryHandle library, const std::string& name) noexcept;

// has_symbol tells whether the library, or one that it needs, has something of that name for
// others.
bool has_symbol(LibraryHandle library, const char* name) noexcept;

// library_name returns the path that an object was loaded from, as the linker and debuggers know
// it.
std::string library_name(LibraryHandle library);

// give_library_name has the linker take the object for whatever needs `name`, and show it by that.
// For objects that were made without a DT_SONAME. Does nothing where the linker does not go by
// names.
void give_library_name(LibraryHandle library, const std::string& name);

// kBindNow is a flag of dlopen(3), kBindNowLocally those that libraries are loaded with for others
// that need them, and kBindNowGlobally those for one whose symbols everybody may take.
extern const int kBindNow;
extern const int kBindNowLocally;
extern const int kBindNowGlobally;

// system_library_directories returns where this system's own libraries are: the directory that the
// C library was loaded from, and those that the linker of such systems has built in.
std::vector<std::string> system_library_directories();

// may_hold_libraries tells whether somebody may have put a library into `directory`, or may do so
// later: it lies, or would lie if it were there, in another file system than the kernel's own of
// processes (proc(5)), in which nobody makes anything and whose names are no libraries'.
bool may_hold_libraries(const std::string& directory);

// start_environment returns what the process was started with as the environment variable `name`
// (proc(5), environ): the linker read it then, and later changes mean nothing to it. Nothing where
// it was not set, or was empty; more than one where whoever started the process gave more: the
// linker takes the last one, or all. The first call keeps what it finds: programs that give their
// process another title write over it.
std::vector<std::string> start_environment(const std::string& name);

// take_start_environment has start_environment go by what is in `environ` now: for a program in
// which somebody has taken variables out before the linker read any
// (importer/launcher/first_stage). Before the first call of that, and before there are threads.
void take_start_environment();

}  // namespace signedvfs
