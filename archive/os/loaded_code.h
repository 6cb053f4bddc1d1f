// Shared objects: where code was loaded from, and loading more.
#pragma once

#include <optional>
#include <string>

namespace signedvfs {

// object_of_code returns the path that the object which `code`, an address in it, belongs to was
// loaded under; "" for the executable; nothing where the address is in no object.
std::optional<std::string> object_of_code(const void* code);

// directory_of_code returns the directory of the shared library that `code`, an address in it,
// belongs to; or "" where that is the executable or is not known by an absolute path.
std::string directory_of_code(const void* code);

// load_function loads the shared object at `path` (which has a slash in it, so that nothing else is
// looked for) for good, and returns the function `name` in it; or null, and says why in `error`.
void* load_function(const std::string& path, const char* name, std::string& error);

}  // namespace signedvfs
