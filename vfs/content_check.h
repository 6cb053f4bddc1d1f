// Where content is compared with what was signed: the one maker of VerifiedBytes. Private to vfs/.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "archive/base/allocate.h"
#include "archive/base/buffer.h"
#include "archive/base/status.h"
#include "vfs/crypto/digest.h"
#include "vfs/index/node.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {

// Failures name the member, and not the archive: that is for the caller to add.

// wrong_digest returns what anything fails with where `name` has not the signed digest.
Status wrong_digest(std::string_view name, const Digest& found, const Digest& wanted);

// check_digest requires that `content`, that of `name`, has the signed digest `wanted`. Fails with
// `kDigestMismatch` or `kCrypto`.
Status check_digest(std::span<const std::byte> content, const Digest& wanted,
                    std::string_view name);

// ContentCheck hashes memory, compares, and makes VerifiedBytes of that memory, in one step: there
// is no other way to get them. Only backings know which digests were signed, so only they ask.
class ContentCheck {
  friend class IndexedBacking;
  friend class ListedBacking;

  // of_content returns `content`, in the memory that it is in, once its digest is `wanted`. Fails
  // as `check_digest` does.
  static Result<VerifiedBytes> of_content(Buffer content, const Digest& wanted,
                                          std::string_view name);

  // of_stored returns what `stored` decodes to, in memory that `allocate` chooses, once the digest
  // of `stored` is that of `record`: no decoder sees anything else. What is stored as it is stays
  // where it is. Fails likewise, and as decoding does.
  static Result<VerifiedBytes> of_stored(Buffer stored, const IndexRecord& record,
                                         std::string_view name, const Allocate& allocate);

  // of_front returns `front` once the digest of it and of `rest` behind it is `wanted`. Fails
  // likewise.
  static Result<VerifiedBytes> of_front(Buffer front, std::span<const std::byte> rest,
                                        const Digest& wanted, std::string_view name);

  // of_copy returns `copy` once it is how `content` begins. Fails with `kDigestMismatch`.
  static Result<VerifiedBytes> of_copy(Buffer copy, const VerifiedBytes& content,
                                       std::string_view name);
};

}  // namespace signedvfs
