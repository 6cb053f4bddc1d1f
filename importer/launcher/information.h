// What an application says of itself, where its builder allows that. Private to launcher/.
#pragma once

#include <string>

#include "archive/base/status.h"
#include "importer/launcher/launch.h"

namespace signedvfs {

// is_information_wanted tells whether the process was started with the one word --signedvfs-info,
// and answers that. Otherwise the word is the application's own.
bool is_information_wanted(const LaunchRules& rules, int argc, char** argv) noexcept;

// information_of returns lines "<word>: <text>": what was signed, by whom, and what it brings. All
// of it is verified. Fails as reading does.
Result<std::string> information_of(const Launch& launch);

}  // namespace signedvfs
