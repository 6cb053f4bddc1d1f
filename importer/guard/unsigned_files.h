// What nobody has signed and Python would import: for telling, never for loading.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace signedvfs {

// find_unsigned returns the path at which an importer of Python's would find the module whose last
// part is `tail` in `directory`, both in the file system's bytes; nothing where it would not. A
// directory without an `__init__` counts: it would be a namespace package (PEP 420). `suffixes` are
// the endings of module files. Opens nothing; the answer is for an error's text, and old at once.
std::optional<std::string> find_unsigned(const std::string& directory, const std::string& tail,
                                         const std::vector<std::string>& suffixes);

}  // namespace signedvfs
