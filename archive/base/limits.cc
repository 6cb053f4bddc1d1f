#include "archive/base/limits.h"

namespace signedvfs {

Status too_large(std::string_view field, std::uint64_t allowed, const std::string& what) {
  return Status(Errc::kTooLarge,
                what + "; the limit " + std::string(field) + " is " + std::to_string(allowed))
      .beyond(field);
}

}  // namespace signedvfs
