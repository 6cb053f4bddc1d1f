#include "archive/members/container.h"

#include <utility>

namespace signedvfs {

std::optional<std::size_t> Container::first_missing(
    std::size_t count, const std::function<std::string_view(std::size_t)>& name_at) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (!size_of(name_at(i))) return i;
  }
  return {};
}

Result<StoredMember> Container::read_packed(std::string_view name) const {
  SIGNEDVFS_ASSIGN(Buffer content, read(name));
  StoredMember member;
  member.packed.crc32 = checksum(content.bytes());
  member.packed.size = content.size();
  member.packed.bytes = std::move(content);
  return member;
}

}  // namespace signedvfs
