// The part of the launcher that runs before any dynamic linker, where `build --hardened` has made
// it the beginning of the program (vfs/signing/launcher_hardening.h).
#pragma once

namespace signedvfs {

// came_through_first_stage tells whether this process began there, so that the dynamic linker has
// seen none of the variables that have it load code.
bool came_through_first_stage() noexcept;

}  // namespace signedvfs
