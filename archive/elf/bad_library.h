// The one way in which this room refuses a file.
#pragma once

#include <string>
#include <utility>

#include "archive/base/status.h"

namespace signedvfs {

// bad_library returns a failure whose text says "it" of the file, which only the caller can name.
inline Status bad_library(std::string what) { return {Errc::kBadLibrary, std::move(what)}; }

}  // namespace signedvfs
