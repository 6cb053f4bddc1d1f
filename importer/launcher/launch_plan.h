// What an application says of itself to the launcher in front of it. Private to launcher/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// kLaunchPlanName is a member like any other: UTF-8 lines "<word> <value>", in the order below.
inline constexpr std::string_view kLaunchPlanName = "signedvfs-launch.txt";

// LaunchPlan is what it says. Paths are members or directories of the archive, without "/" at their
// ends; "" is the archive itself.
struct LaunchPlan {
  std::string python;                  // "python 3.11.7": for people
  std::uint32_t hexversion = 0;        // "hexversion 0x030b07f0": PY_VERSION_HEX of the library
  std::vector<std::string> libraries;  // "library PATH", each: loaded in that order, Python last
  std::string stdlib;                  // "stdlib PATH"
  std::vector<std::string> paths;      // "path PATH", each: sys.path; "path ." is the archive

  // Absent: the member `__main__` is run.
};

// read_launch_plan fails as reading does, and with `kNoCode` where the member is missing, or says
// anything else: the archive was not made for a launcher, or for a later one.
Result<LaunchPlan> read_launch_plan(const SignedVfs& vfs);

}  // namespace signedvfs
