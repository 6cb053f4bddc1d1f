#include "importer/launcher/launch.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "archive/base/byte_source.h"
#include "archive/os/file_source.h"
#include "importer/launcher/first_stage/first_stage.h"
#include "importer/launcher/key_section.h"

namespace signedvfs {
namespace {

// limits_of_applications returns bounds that no application comes near. What they are for, to be
// safe from strangers' archives, the launcher does not need: nothing but the manifest is decoded
// before its signature is checked, and whoever can write to this file can write to its code.
Limits limits_of_applications() {
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  Limits out;
  out.archive_bytes = 1024 * kGiB;
  out.member_bytes = 64 * kGiB;
  out.total_bytes = 1024 * kGiB;
  out.directory_bytes = 4 * kGiB;
  out.manifest_bytes = 4 * kGiB;
  out.members = 100'000'000;
  return out.without_ratio();
}

// check_start refuses a program whose beginning was taken away: its rules say that there is one.
Status check_start(const LaunchRules& rules) {
  if (!rules.hardened || came_through_first_stage()) return {};
  return Status(Errc::kBadRecord,
                "the program is hardened, and was not started by its own first stage: somebody has "
                "changed its header (signedvfs verify)")
      .advising("Do not run this copy; ask for a fresh one.");
}

}  // namespace

Result<Launch> open_launch(OwnExecutable own) {
  Launch out;
  out.path = std::move(own.path);
  SIGNEDVFS_ASSIGN(out.rules, decode_launch_rules(key_section()));
  SIGNEDVFS_TRY(check_start(out.rules));
  out.trust = {out.rules.policy, limits_of_applications()};
  SIGNEDVFS_ASSIGN(
      std::shared_ptr<const ByteSource> file,
      open_descriptor(std::move(own.descriptor), out.path, out.trust.limits.archive_bytes));
  SIGNEDVFS_ASSIGN(out.vfs, SignedVfs::over_zip(std::move(file), out.path, out.trust));
  if (out.rules.verifies_all) SIGNEDVFS_TRY(out.vfs->verify_all());
  SIGNEDVFS_ASSIGN(out.plan, read_launch_plan(*out.vfs));
  return out;
}

}  // namespace signedvfs
