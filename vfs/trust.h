// Whom to believe, and what it may cost: the one thing that opening has to be told.
#pragma once

#include "archive/limits.h"
#include "vfs/policy.h"

namespace signedvfs {

struct Trust {
  TrustPolicy policy;
  Limits limits;
};

}  // namespace signedvfs
