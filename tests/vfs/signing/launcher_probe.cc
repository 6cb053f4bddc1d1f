// A launcher that does nothing but write what stands in its section, for launcher_patching_test.cc.
#include <cstdio>

#include "vfs/manifest/launch_rules.h"

// In assembly, a section has exactly these bytes and flags whatever the compiler adds to variables,
// and no compiler knows what is in it. '%' stands for '@' on machines on which that is a comment.
asm(R"(
  .pushsection .svfs_key,"a",%progbits
  .balign 16
  .globl signedvfs_launch_section
  .hidden signedvfs_launch_section
  .type signedvfs_launch_section, %object
  .size signedvfs_launch_section, 4096
signedvfs_launch_section:
  .ascii "SVFSKEY1"
  .byte 1
  .zero 4096 - 9
  .popsection
)");

extern "C" __attribute__((visibility("hidden")))
const char signedvfs_launch_section[signedvfs::kLaunchSectionSize];

int main() {
  const std::size_t written =
      std::fwrite(signedvfs_launch_section, 1, signedvfs::kLaunchSectionSize, stdout);
  return written == signedvfs::kLaunchSectionSize ? 0 : 1;
}
