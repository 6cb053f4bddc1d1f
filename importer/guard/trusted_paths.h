// Directories that are trusted by where they stand, and by nothing else.
//
// There are two kinds: the Python half of signedvfs, which belongs to the verifier as its native
// half does; and, for whoever asks for this weaker choice, the interpreter's own library. Where the
// native half was loaded from memory, by bootstrap code, it has no file, and no directory is ours.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// find_by_path returns the spec of the module `name` (a str) in `entry`, an entry of its path, or
// None: it has no such module, or is not trusted for it. Only how an entry is spelled counts: what
// a symbolic link leads to can change before the file is read.
Result<PyRef> find_by_path(Interpreter& home, Guard& guard, PyObject* name, PyObject* entry);

// find_in_directory does so for a directory that the caller has reason to believe.
Result<PyRef> find_in_directory(const Guard& guard, PyObject* name, PyObject* entry);

// is_trusted_path tells whether the module `name` may be imported from the directory `entry`.
Result<bool> is_trusted_path(const Interpreter& home, const Guard& guard, std::string_view name,
                             std::string_view entry);

// is_trusted_file tells whether the file `path`, in the file system's bytes, lies in a directory
// that is trusted by its path, for any module.
Result<bool> is_trusted_file(const Interpreter& home, const Guard& guard, std::string_view path);

// is_in_library tells whether `directory` is the interpreter's own library, or below it, and not
// among what was installed there.
bool is_in_library(const ImportSystem& system, std::string_view directory);

// kPlacesTheLibrary are the variables of the environment that say where the library is.
inline constexpr std::array kPlacesTheLibrary{"PYTHONHOME", "PYTHONPLATLIBDIR"};

// environment_sets returns the first of these variables that Python has been given, and did not
// ignore (-I, -E); empty: none.
Result<std::string> environment_sets(std::span<const char* const> names);

// check_library_paths fails with `kUsage` where the environment says where the library is.
Status check_library_paths();

}  // namespace signedvfs
