// The application that this process is. Private to launcher/.
#pragma once

#include <memory>
#include <string>

#include "archive/os/program_start.h"
#include "importer/launcher/launch_plan.h"
#include "vfs/manifest/launch_rules.h"
#include "vfs/signed_vfs.h"
#include "vfs/trust.h"

namespace signedvfs {

// Launch is made once, before Python imports anything, and never changes.
struct Launch {
  std::string path;  // the program's file, absolute, in the file system's bytes
  LaunchRules rules;
  Trust trust;  // the rules' policy, and limits that fit any application
  std::shared_ptr<const SignedVfs> vfs;
  LaunchPlan plan;
};

// open_launch verifies what is behind the launcher in the program's own file. Fails as opening
// archives does.
Result<Launch> open_launch(OwnExecutable own);

}  // namespace signedvfs
