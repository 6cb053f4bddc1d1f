// One page of the signed index, and how pages are laid out.
//
// The index is the member `kIndexName`, stored, the last one before the central directory. It says
// for each member where its stored bytes are, what they decode to, and their digest, so that
// imports never ask the zip directory. It is a tree over the paths in byte order; each page is
// named by its SHA-256 in the page above, and the root's by the header's `@index`. So one look-up
// reads and checks a few pages, however many members there are. Numbers are little-endian:
//
//   page   kind (u32: 1 leaf, 2 inner), count (u32),
//          count times: where the path ends in `paths` (u32),
//          count records of one size, `paths`: one path behind the other, strictly ascending
//   leaf   record: offset of the stored bytes from the archive's offset 0 (u64), stored size (u64),
//          size (u64), method (u16), digest of the stored bytes by the manifest's hash type
//   inner  record: offset of the page in the index (u64), its size (u32), its SHA-256;
//          its path is the first path of the page
//
// The pages stand leaves first, then level by level up to the root; the trailer follows
// (trailer.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "archive/base/buffer.h"
#include "archive/base/byte_builder.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/codec.h"
#include "vfs/crypto/digest.h"
#include "vfs/manifest/listing.h"

namespace signedvfs {

// IndexRecord is what the index says of one member.
struct IndexRecord {
  std::uint64_t offset = 0;  // of the stored bytes, from the archive's offset 0
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  Method method = Method::kStored;
  Digest digest;  // of the stored bytes
};

// PageReference is what an inner page says of a page below it.
struct PageReference {
  std::uint64_t offset = 0;  // from the beginning of the index
  std::uint32_t size = 0;
  Digest digest;  // SHA-256
};

// kMaxPageBytes bounds what is read for one page. Pages are far smaller unless names are huge.
inline constexpr std::uint32_t kMaxPageBytes = 1U << 20U;

// IndexNode is a page whose digest was the signed one and whose structure was checked after that.
// Immutable.
class IndexNode {
 public:
  // parse takes a page apart: all of it must be accounted for, the paths be names of members in
  // strictly ascending order, and the numbers be possible. Digests of leaves are of `type`. Fails
  // with `kBadIndex`, or with `kBadName`.
  static Result<IndexNode> parse(Buffer bytes, HashType type, const Limits& limits);

  bool is_leaf() const noexcept { return is_leaf_; }
  std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(ends_.size()); }

  // path returns the path number `i`, borrowed from the page's bytes, which stay where they are
  // when the node is moved.
  std::string_view path(std::uint32_t i) const noexcept {
    const std::uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return paths_.substr(begin, ends_[i] - begin);
  }

  // first_not_before returns the number of the first path that is not before `key`, or `count`.
  std::uint32_t first_not_before(const PathKey& key) const noexcept;

  // record is for leaves, page for inner nodes.
  IndexRecord record(std::uint32_t i) const noexcept;
  PageReference page(std::uint32_t i) const noexcept;

 private:
  IndexNode() = default;
  Status check_records() const;

  Buffer bytes_;
  std::vector<std::uint32_t> ends_;  // of the paths
  std::size_t records_ = 0;          // where they begin
  std::size_t record_size_ = 0;
  std::string_view paths_;
  HashType type_ = HashType::kSha256;
  bool is_leaf_ = true;
};

// NodeBuilder collects the entries of one page.
class NodeBuilder {
 public:
  // add appends an entry; paths come in ascending order, and records of one kind.
  void add(std::string_view path, const IndexRecord& record);
  void add(std::string_view path, const PageReference& page);

  std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(ends_.size()); }

  // size_with returns the page's size were `path` added as well, with a record of `record_size`.
  std::size_t size_with(std::string_view path, std::size_t record_size) const noexcept;

  // finish returns the page's bytes.
  ByteBuilder finish(bool is_leaf) const;

 private:
  void add_path(std::string_view path);

  std::vector<std::uint32_t> ends_;
  ByteBuilder records_;
  ByteBuilder paths_;
};

// record_size_of returns the size of a leaf's record; that of an inner page's is
// `kReferenceBytes`.
std::size_t record_size_of(HashType type) noexcept;
inline constexpr std::size_t kReferenceBytes = 8 + 4 + 32;

}  // namespace signedvfs
