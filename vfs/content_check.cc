#include "vfs/content_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "archive/members/codec.h"

namespace signedvfs {
namespace {

Status mismatch(std::string_view name, const Digest& found, const char* what,
                const Digest& wanted) {
  return {Errc::kDigestMismatch, in_quotes(name) + " has the " +
                                     std::string(hash_name(wanted.type())) + " " + found.hex() +
                                     what + " where " + wanted.hex() + " was signed"};
}

}  // namespace

Status wrong_digest(std::string_view name, const Digest& found, const Digest& wanted) {
  return mismatch(name, found, "", wanted);
}

Status check_digest(std::span<const std::byte> content, const Digest& wanted,
                    std::string_view name) {
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(wanted.type(), content));
  return digest == wanted ? Status() : wrong_digest(name, digest, wanted);
}

Result<VerifiedBytes> ContentCheck::of_content(Buffer content, const Digest& wanted,
                                               std::string_view name) {
  SIGNEDVFS_TRY(check_digest(std::as_const(content).bytes(), wanted, name));
  return VerifiedBytes(std::move(content));
}

Result<VerifiedBytes> ContentCheck::of_front(Buffer front, std::span<const std::byte> rest,
                                             const Digest& wanted, std::string_view name) {
  SIGNEDVFS_ASSIGN(Hasher hasher, Hasher::create(wanted.type()));
  SIGNEDVFS_TRY(hasher.update(std::as_const(front).bytes()));
  SIGNEDVFS_TRY(hasher.update(rest));
  SIGNEDVFS_ASSIGN(const Digest digest, std::move(hasher).finish());
  if (digest != wanted) return wrong_digest(name, digest, wanted);
  return VerifiedBytes(std::move(front));
}

Result<VerifiedBytes> ContentCheck::of_copy(Buffer copy, const VerifiedBytes& content,
                                            std::string_view name) {
  const std::span<const std::byte> bytes = std::as_const(copy).bytes();
  const bool is_same = bytes.size() <= content.size() &&
                       std::equal(bytes.begin(), bytes.end(), content.bytes().begin());
  if (!is_same) {
    return Status(Errc::kDigestMismatch,
                  in_quotes(name) + " was changed by somebody while it was copied");
  }
  return VerifiedBytes(std::move(copy));
}

Result<VerifiedBytes> ContentCheck::of_stored(Buffer stored, const IndexRecord& record,
                                              std::string_view name, const Allocate& allocate) {
  const std::span<const std::byte> bytes = std::as_const(stored).bytes();
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(record.digest.type(), bytes));
  if (digest != record.digest) return mismatch(name, digest, " as it is stored", record.digest);
  if (record.method == Method::kStored) return VerifiedBytes(std::move(stored));

  SIGNEDVFS_ASSIGN(Buffer content, allocated(allocate, record.size));
  SIGNEDVFS_TRY(decode_into(record.method, bytes, content.bytes()).in(in_quotes(name)));
  return VerifiedBytes(std::move(content));
}

}  // namespace signedvfs
