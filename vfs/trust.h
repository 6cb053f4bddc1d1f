// The one argument of opening: whom to believe, and what it may cost.
#pragma once

#include <utility>

#include "archive/base/limits.h"
#include "vfs/manifest/policy.h"

namespace signedvfs {

// Trust travels together, so that an archive that was signed under raised limits can be opened by
// whoever raises them in one place. A policy alone means the default limits.
struct Trust {
  // NOLINTNEXTLINE(google-explicit-constructor): a policy is trust, with the default limits
  Trust(TrustPolicy believed, const Limits& bounds = {})
      : policy(std::move(believed)), limits(bounds) {}
  Trust() = default;

  TrustPolicy policy;
  Limits limits;
};

}  // namespace signedvfs
