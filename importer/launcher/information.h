// What an application says of itself, where its builder allows that. Private to launcher/.
#pragma once

#include <string>

#include "archive/base/status.h"
#include "importer/launcher/launch.h"

namespace signedvfs {

// names_information tells whether the process was started with the one word --signedvfs-info. It is
// the application's own word unless its rules show information.
bool names_information(int argc, char** argv) noexcept;

// information_of returns lines "<word>: <text>": what was signed, by whom, and what it brings. All
// of it is verified. Fails as reading does.
Result<std::string> information_of(const Launch& launch);

}  // namespace signedvfs
