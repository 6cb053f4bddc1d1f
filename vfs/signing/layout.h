// In which order members are written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "archive/members/container.h"
#include "vfs/manifest/manifest.h"

namespace signedvfs {

// Layout is the order in which members stand, and what the header says of it.
struct Layout {
  std::vector<std::string> names;
  std::optional<Order> order;  // where the members have a recorded order
};

// layout_of puts the members `names` of `source` (in byte order) into the order that a member
// `kOrderName` records: those first, the others in byte order, and that member last. Without one
// nothing changes. Fails with `kUsage` where it makes no sense.
Result<Layout> layout_of(const Container& source, std::vector<std::string> names);

}  // namespace signedvfs
