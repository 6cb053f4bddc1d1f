#include "importer/values/values.h"

#include "importer/values/limits.h"
#include "importer/values/public_key.h"
#include "importer/values/roots.h"
#include "importer/values/sealed_memory.h"
#include "importer/values/settling.h"
#include "importer/values/signed_vfs.h"
#include "importer/values/stat.h"
#include "importer/values/trust_in_force.h"
#include "importer/values/trust_policy.h"
#include "importer/values/trusted_key.h"

namespace signedvfs {

Status add_values(Interpreter& home) {
  SIGNEDVFS_TRY(add_public_key(home));
  SIGNEDVFS_TRY(add_trusted_key(home));
  SIGNEDVFS_TRY(add_limits(home));
  SIGNEDVFS_TRY(add_trust_policy(home));
  SIGNEDVFS_TRY(add_stat(home));
  SIGNEDVFS_TRY(add_signed_vfs(home));
  SIGNEDVFS_TRY(add_roots(home));
  SIGNEDVFS_TRY(add_sealed_memory(home));
  SIGNEDVFS_TRY(add_settling(home));
  return begin_trust(home);
}

}  // namespace signedvfs
