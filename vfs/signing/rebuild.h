// Writing an archive anew around the members of another one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/codec.h"
#include "archive/members/container.h"
#include "archive/zip/writer.h"
#include "vfs/crypto/digest.h"
#include "vfs/manifest/manifest.h"

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

// ServiceMembers are what serves the others: the manifest, and the index where there is one.
struct ServiceMembers {
  std::string manifest;
  std::optional<std::string> index;
};

// Rebuild says what to write and where. `members` is borrowed.
struct Rebuild {
  const Container* members = nullptr;
  std::vector<std::string> names;             // in the order in which they will stand
  std::function<Status(const Sink&)> prefix;  // gives the bytes in front; may be empty
  HashType hash_type = HashType::kSha256;
  bool directories = true;  // have entries; readers such as zipimport before Python 3.14 find
                            // namespace packages by those alone
  unsigned threads = 1;     // how many read and hash; the result does not depend on it
  Limits limits;            // those that the result keeps, but for the ratio, which is its source's
  std::string output;
  std::uint32_t mode = 0;                       // permission bits
  std::function<bool(std::uint64_t)> progress;  // members written; false gives up; may be empty

  // make_service_members returns what follows the members, each stored; may be empty: nothing.
  std::function<Result<ServiceMembers>(const Contents&)> make_service_members;

  // check opens the finished archive, by a path that is not `output` yet.
  std::function<Status(const std::string& path, const Contents&)> check;
};

// given_up is what writing `output` fails with where whoever is told of progress wants no more.
inline Status given_up(const std::string& output) {
  return {Errc::kUsage, output + ": given up; nothing was written"};
}

// rebuild_archive writes a canonical zip archive, checks it, and then puts it in place atomically.
// The entry for a directory stands right before the first member that lies in it. There is none
// where that is not asked for, or where these would be what makes the archive exceed its limits, or
// need zip64 records, which zipimport before Python 3.13 does not read.
Status rebuild_archive(const Rebuild& rebuild);

// rehearse_archive makes the same archive and writes it nowhere: `make_service_members` learns what
// it would hold, and nothing is checked.
Status rehearse_archive(const Rebuild& rebuild);

}  // namespace signedvfs
