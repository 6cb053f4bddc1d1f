// Making the signed index. The same members give the same bytes, so that a verifier can make it
// again and compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "vfs/index/node.h"
#include "vfs/index/trailer.h"
#include "vfs/manifest/manifest.h"

namespace signedvfs {

// kPageBytes is the size that pages keep to. A look-up in a page that was not needed before costs
// one read and one digest of it; small pages know fewer neighbours. 500 look-ups in ten directories
// of 10,000 members take 0.31 ms with pages of 4 KiB, 0.33 ms with 8 KiB and 0.56 ms with 16 KiB;
// of 1,000 members 0.24, 0.23 and 0.25 ms.
inline constexpr std::size_t kPageBytes = 8192;

// Index is what there is of an index before the manifest is known.
struct Index {
  std::string pages;
  IndexRoot root;
};

// IndexBuilder makes an index of members that come in byte order of their paths.
class IndexBuilder {
 public:
  explicit IndexBuilder(HashType type) : type_(type) {}

  // add appends a member. Fails with `kUsage` where `path` is out of order or `record`'s digest of
  // another type, and with `kCrypto`.
  Status add(std::string_view path, const IndexRecord& record);

  // finish returns all pages. Fails with `kBadIndex` where one would be too large to be read: a
  // path of a megabyte.
  Result<Index> finish() &&;

 private:
  struct Finished {
    std::string first;
    PageReference page;
  };

  Status finish_page(const NodeBuilder& page, bool is_leaf, std::string first,
                     std::vector<Finished>& level);

  HashType type_;
  std::string pages_;
  NodeBuilder leaf_;
  std::string first_;  // of `leaf_`
  std::string last_;   // that was added
  std::vector<Finished> leaves_;
};

// index_text returns the whole member: the pages and the trailer. The manifest, of `manifest_size`
// bytes of which `signed_part_size` are signatures and header, stands directly before the index's
// zip header.
std::string index_text(const Index& index, std::uint64_t manifest_size,
                       std::size_t signed_part_size);

}  // namespace signedvfs
