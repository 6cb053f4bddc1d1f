#include "importer/launcher/launch.h"

#include <memory>
#include <utility>

#include "archive/base/byte_source.h"
#include "archive/os/file_source.h"
#include "archive/os/program_start.h"
#include "importer/launcher/key_section.h"
#include "vfs/trust.h"

namespace signedvfs {

Result<Launch> open_launch() {
  Launch out;
  SIGNEDVFS_ASSIGN(OwnExecutable own, open_own_executable());
  out.path = std::move(own.path);
  SIGNEDVFS_ASSIGN(out.rules, decode_launch_rules(key_section()));
  const Trust trust(out.rules.policy);
  SIGNEDVFS_ASSIGN(
      std::shared_ptr<const ByteSource> file,
      open_descriptor(std::move(own.descriptor), out.path, trust.limits.archive_bytes));
  SIGNEDVFS_ASSIGN(out.vfs, SignedVfs::over_zip(std::move(file), out.path, trust));
  if (out.rules.verifies_all) SIGNEDVFS_TRY(out.vfs->verify_all());
  SIGNEDVFS_ASSIGN(out.plan, read_launch_plan(*out.vfs));
  return out;
}

}  // namespace signedvfs
