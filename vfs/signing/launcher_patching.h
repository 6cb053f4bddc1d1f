// Launchers that are built before anybody knows which key they will trust: giving them the rules
// that they obey, and reading these back.
#pragma once

#include <cstddef>
#include <span>

#include "archive/base/buffer.h"
#include "archive/base/status.h"
#include "vfs/manifest/launch_rules.h"

namespace signedvfs {

// patch_launcher returns a copy of `launcher`, which states `rules` in the place that was kept for
// them, begins with its first stage where they say so (launcher_hardening.h), and is the same
// otherwise. `launcher` is a whole file as it was built: a 64-bit,
// little-endian ELF file that has one section kLaunchSectionName - loaded, not writable, of
// kLaunchSectionSize bytes, never patched - and ends where its headers say.
//
// Fails with `kUsage`, which names what is wrong with either. Nothing else vouches for the
// launcher: its own code decides what it obeys.
Result<Buffer> patch_launcher(std::span<const std::byte> launcher, const LaunchRules& rules);

// rules_of_launcher returns what `application` obeys: a launcher that was patched, with or without
// an archive behind it; whole, or as far as its ELF file reaches. It is what the file states, and
// for a file that somebody else made no more than that.
//
// Fails with `kUsage` for a file that is no launcher, as `decode_launch_rules` does, and with
// `kBadRecord` where it does not begin as the rules say.
Result<LaunchRules> rules_of_launcher(std::span<const std::byte> application);

// unpatch_launcher returns what patch_launcher has made `launcher` of, byte for byte: a whole
// launcher, with nothing behind it. Fails as rules_of_launcher does.
Result<Buffer> unpatch_launcher(std::span<const std::byte> launcher);

}  // namespace signedvfs
