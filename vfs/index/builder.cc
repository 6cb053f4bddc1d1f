#include "vfs/index/builder.h"

#include <utility>

#include "archive/zip/format.h"

namespace signedvfs {

Status IndexBuilder::add(std::string_view path, const IndexRecord& record) {
  if (!last_.empty() && path <= last_) {
    return {Errc::kUsage, in_quotes(path) + " is out of order in the index"};
  }
  if (record.digest.type() != type_) {
    return {Errc::kUsage, in_quotes(path) + " has a digest of another type"};
  }
  if (leaf_.count() > 0 && leaf_.size_with(path, record_size_of(type_)) > kPageBytes) {
    SIGNEDVFS_TRY(finish_page(leaf_, true, std::exchange(first_, {}), leaves_));
    leaf_ = NodeBuilder();
  }
  if (leaf_.count() == 0) first_ = path;
  leaf_.add(path, record);
  last_ = path;
  return {};
}

Status IndexBuilder::finish_page(const NodeBuilder& page, bool is_leaf, std::string first,
                                 std::vector<Finished>& level) {
  const ByteBuilder built = page.finish(is_leaf);
  if (built.size() > kMaxPageBytes) {
    return {Errc::kBadIndex, "the paths from " + in_quotes(first.substr(0, 64)) +
                                 "... on are too long for the index"};
  }
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(HashType::kSha256, built.bytes()));
  level.push_back(
      {std::move(first), {pages_.size(), static_cast<std::uint32_t>(built.size()), digest}});
  pages_ += text_of(built.bytes());
  return {};
}

Result<Index> IndexBuilder::finish() && {
  // An archive without members has one empty leaf.
  if (leaf_.count() > 0 || leaves_.empty()) {
    SIGNEDVFS_TRY(finish_page(leaf_, true, std::move(first_), leaves_));
  }
  std::vector<Finished> level = std::move(leaves_);
  while (level.size() > 1) {
    std::vector<Finished> above;
    NodeBuilder node;
    std::string first;
    for (const Finished& child : level) {
      // Two entries at least, or there would be no end to it.
      if (node.count() > 1 && node.size_with(child.first, kReferenceBytes) > kPageBytes) {
        SIGNEDVFS_TRY(finish_page(node, false, std::exchange(first, {}), above));
        node = NodeBuilder();
      }
      if (node.count() == 0) first = child.first;
      node.add(child.first, child.page);
    }
    SIGNEDVFS_TRY(finish_page(node, false, first, above));
    level = std::move(above);
  }
  const PageReference& root = level.front().page;
  return Index{std::move(pages_), {root.digest, root.size}};
}

std::string index_text(const Index& index, std::uint64_t manifest_size,
                       std::size_t signed_part_size) {
  const std::uint64_t size = index.pages.size() + kTrailerBytes;
  // The local header of a stored member; zip64 would need an index of 4 GiB.
  const std::uint64_t header = kZipLocalSize + kIndexName.size();
  const ByteBuilder trailer = encode_trailer({size, size + header + manifest_size, manifest_size,
                                              static_cast<std::uint32_t>(signed_part_size)});
  return index.pages + std::string(text_of(trailer.bytes()));
}

}  // namespace signedvfs
