// The signed index as a list of paths, of which only the pages that are needed are ever read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "vfs/index/node.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/listing.h"
#include "vfs/manifest/text.h"

namespace signedvfs {

// IndexPlace is where an index lies in a file.
struct IndexPlace {
  std::shared_ptr<const ByteSource> source;
  std::uint64_t begin = 0;
  std::uint64_t size = 0;  // with the trailer; the range lies in the file
};

// IndexTree copies a page out when it is first needed, compares its digest with the one that the
// page above says, takes it apart, and keeps it. Pages never change and never go; they are
// published without a lock, so that any thread may ask, and a forked child has what its parent had.
class IndexTree final : public Listing {
 public:
  // create checks and keeps the root, of which `bytes` is a private copy. `root` and `header` are
  // what was signed; `what` is for messages. Fails with `kIndexMismatch`, or as IndexNode::parse
  // does.
  static Result<std::unique_ptr<const IndexTree>> create(IndexPlace place, Buffer bytes,
                                                         const IndexRoot& root,
                                                         const HeaderFields& header,
                                                         const Limits& limits,
                                                         const std::string& what);

  IndexTree(const IndexTree&) = delete;
  IndexTree& operator=(const IndexTree&) = delete;
  ~IndexTree() override;

  std::uint64_t size() const noexcept override { return members_; }
  Result<Place> first_not_before(const PathKey& key) const override;
  Result<Place> after(const Place& place) const override;

  // find returns what is said of the member `path`, or nothing.
  Result<std::optional<IndexRecord>> find(std::string_view path) const;

 private:
  struct Page;

  IndexTree(IndexPlace place, const HeaderFields& header, const Limits& limits,
            const std::string& what);

  Result<const Page*> below(const Page& above, std::uint32_t i,
                            std::optional<std::string_view> end) const;
  Result<std::unique_ptr<Page>> check(Buffer bytes, const Digest& digest,
                                      std::string_view first) const;

  IndexPlace place_;
  HashType type_;
  std::uint64_t members_;
  Limits limits_;
  std::string what_;
  std::unique_ptr<const Page> root_;
};

}  // namespace signedvfs
