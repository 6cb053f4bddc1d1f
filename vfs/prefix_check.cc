#include "vfs/prefix_check.h"

#include <string>
#include <utility>

#include "vfs/crypto/digest.h"

namespace signedvfs {

Status check_prefix_length(std::uint64_t found, const std::optional<Prefix>& prefix) {
  if (!prefix || found == prefix->length) return {};
  return {Errc::kPrefixMismatch, std::to_string(found) + " bytes in front of the archive where " +
                                     std::to_string(prefix->length) + " were signed"};
}

Status check_prefix_is_signed(std::uint64_t found, const std::optional<Prefix>& prefix) {
  if (prefix || found == 0) return check_prefix_length(found, prefix);
  return {Errc::kPrefixMismatch,
          std::to_string(found) + (found == 1 ? " byte stands" : " bytes stand") +
              " in front of the archive, and no @prefix covers that: a program may be there that "
              "nobody has signed"};
}

Status check_prefix(std::uint64_t found, const std::optional<Prefix>& prefix,
                    const ReadPrefix& read) {
  SIGNEDVFS_TRY(check_prefix_is_signed(found, prefix));
  if (!prefix) return {};
  SIGNEDVFS_ASSIGN(Hasher hasher, Hasher::create(prefix->digest.type()));
  std::uint64_t length = 0;
  SIGNEDVFS_TRY(read([&](std::span<const std::byte> piece) {
    length += piece.size();
    return hasher.update(piece);
  }));
  SIGNEDVFS_ASSIGN(const Digest digest, std::move(hasher).finish());
  if (length == prefix->length && digest == prefix->digest) return {};
  return {Errc::kPrefixMismatch, "the bytes in front of the archive have the SHA-256 " +
                                     digest.hex() + " where " + prefix->digest.hex() +
                                     " was signed"};
}

}  // namespace signedvfs
