// Writing an archive anew around the members of another one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "archive/codec.h"
#include "archive/container.h"
#include "archive/limits.h"
#include "archive/status.h"
#include "archive/zip_writer.h"
#include "vfs/digest.h"
#include "vfs/manifest.h"

namespace signedvfs {

// WrittenMember is one member as it was written; both digests are of the same type. Of a file in a
// directory only the content's digest and size say anything.
struct WrittenMember {
  Digest content;
  Digest stored;                  // of the stored bytes; equal to `content` where they are the same
  std::uint64_t offset = 0;       // of the first stored byte in the file
  std::uint64_t stored_size = 0;  // in bytes, like `size`
  std::uint64_t size = 0;
  Method method = Method::kStored;
};

// Contents is what a rebuilt archive holds, taken from the very bytes that were written.
struct Contents {
  std::map<std::string, WrittenMember> members;
  std::optional<Prefix> prefix;
};

// OwnMembers are the manifest, and the index where there is one.
struct OwnMembers {
  std::string manifest;
  std::optional<std::string> index;
};

// Rebuild says what to write and where. `members` is borrowed.
struct Rebuild {
  const Container* members = nullptr;
  std::vector<std::string> names;             // in the order in which they will stand
  std::function<Status(const Sink&)> prefix;  // gives the bytes in front; may be empty
  HashType hash_type = HashType::kSha256;
  unsigned threads = 1;  // how many read and hash; the result does not depend on it
  Limits limits;         // those that the result keeps, but for the ratio, which is its source's
  std::string output;
  mode_t mode = 0;
  std::function<bool(std::uint64_t)> progress;  // members written; false gives up; may be empty

  // own returns signedvfs's own members, each stored behind the others; may be empty: none.
  std::function<Result<OwnMembers>(const Contents&)> own;

  // check opens the finished archive, by a path that is not `output` yet.
  std::function<Status(const std::string& path, const Contents&)> check;
};

// rebuild_archive writes a canonical zip archive, checks it, and then puts it in place atomically.
Status rebuild_archive(const Rebuild& rebuild);

// permissions_of returns the permission bits of the file `path`.
Result<mode_t> permissions_of(const std::string& path);

// resolved returns `path` without symbolic links, so that a replacement replaces the file itself.
Result<std::string> resolved(const std::string& path);

}  // namespace signedvfs
