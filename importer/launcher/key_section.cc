#include "importer/launcher/key_section.h"

#include "vfs/manifest/launch_rules.h"

// No object of C++: the compiler would know what is in it before anybody has patched it, and a
// volatile one would be in memory that can be written to.
asm(".pushsection .svfs_key, \"a\", %progbits\n"
    ".balign 16\n"
    ".hidden signedvfs_key_section\n"
    ".globl signedvfs_key_section\n"
    "signedvfs_key_section:\n"
    ".ascii \"SVFSKEY1\"\n"
    ".2byte 1\n"
    ".zero 4086\n"
    ".popsection\n");

extern "C" const std::byte signedvfs_key_section[];

namespace signedvfs {

static_assert(kLaunchSectionSize == 8 + 2 + 4086);

std::span<const std::byte> key_section() noexcept {
  return {signedvfs_key_section, kLaunchSectionSize};
}

}  // namespace signedvfs
