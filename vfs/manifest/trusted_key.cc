#include "vfs/manifest/trusted_key.h"

#include "vfs/manifest/rfc3339.h"

namespace signedvfs {
namespace {

std::string list_of(const std::set<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + in_quotes(name);
  return out;
}

}  // namespace

Status KeyScope::validate() const {
  if (names && names->empty()) {
    return {Errc::kUsage, "the key is trusted for no name at all, so it would count for nothing"};
  }
  if (min_serial && max_serial && *min_serial > *max_serial) {
    return {Errc::kUsage, "the key is trusted from serial " + std::to_string(*min_serial) +
                              " on and up to " + std::to_string(*max_serial) +
                              ", so it would count for nothing"};
  }
  return {};
}

std::optional<std::string> KeyScope::misses(const Attributes& attributes, std::int64_t now) const {
  if (names && (!attributes.name || names->count(*attributes.name) == 0)) {
    return "is trusted for " + list_of(*names) + ", and this is " +
           (attributes.name ? in_quotes(*attributes.name) : "without a name");
  }
  if ((min_serial || max_serial) && !attributes.serial) {
    return "is trusted for certain serial numbers, and this has none";
  }
  if (min_serial && *attributes.serial < *min_serial) {
    return "is trusted from serial " + std::to_string(*min_serial) + " on, and this has " +
           std::to_string(*attributes.serial);
  }
  if (max_serial && *attributes.serial > *max_serial) {
    return "is trusted up to serial " + std::to_string(*max_serial) + ", and this has " +
           std::to_string(*attributes.serial);
  }
  if (not_after && now > *not_after) {
    return "is trusted until " + format_utc(*not_after) + ", and it is " + format_utc(now);
  }
  return std::nullopt;
}

}  // namespace signedvfs
